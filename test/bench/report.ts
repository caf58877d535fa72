import { cpus, loadavg, release, totalmem } from 'node:os';
import { formatTable } from '@gapferry/report';
import { MEASURES_MEMORY, type Measured } from './measure.ts';
import { type Absentee, type Comparison, median } from './side-by-side.ts';

/** What the figures were taken on. */
export function describeMachine(): string {
  const [first] = cpus();
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  return [
    `machine: ${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}`,
    `load before: ${load} (figures of a busy machine are only good as ratios)`,
    ...(MEASURES_MEMORY ? [] : ['CPU and memory: skipped, there is no GNU time on this machine']),
  ].join('\n');
}

/** A row each: medians, the spread of the time, and the time as a multiple of the first row's. */
export function comparisonTable(compared: readonly Comparison[], absent: readonly Absentee[] = []): string {
  const rows = compared.flatMap(({ name, runs, ratio }) => [
    [
      name,
      seconds(median(runs.map((run) => run.seconds))),
      spread(runs),
      column(runs, (run) => run.cpuSeconds, seconds),
      column(
        runs,
        (run) => run.peakMiB,
        (value) => value.toFixed(0),
      ),
      `${ratio.toFixed(2)} ×`,
    ],
    ...phaseRow(runs),
  ]);
  const head = ['', 'seconds', 'min–max', 'CPU s', 'peak MiB', 'time / first'];
  const skipped = absent.map(({ name, missing }) => `skipped: ${name}: ${missing}`);
  return [formatTable([head, ...rows]), ...skipped].join('\n');
}

/** What a part of the first one's work took, where it was measured. */
function phaseRow(runs: readonly Measured[]): string[][] {
  const took = runs.flatMap(({ phaseSeconds }) => phaseSeconds ?? []);
  if (took.length === 0) return [];
  const spread = `${seconds(Math.min(...took))}–${seconds(Math.max(...took))}`;
  return [['  of this, while it applies', seconds(median(took)), spread, '', '', '']];
}

export function seconds(value: number): string {
  return value.toFixed(value < 1 ? 3 : 2);
}

function spread(runs: readonly Measured[]): string {
  const all = runs.map((run) => run.seconds);
  return `${seconds(Math.min(...all))}–${seconds(Math.max(...all))}`;
}

function column(
  runs: readonly Measured[],
  pick: (run: Measured) => number | undefined,
  show: (value: number) => string,
): string {
  const values = runs.map(pick).filter((value) => value !== undefined);
  return values.length === 0 ? '–' : show(median(values));
}
