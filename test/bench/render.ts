import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatTable } from '@gapferry/report';
import { mustRun, temporaryDirectory } from '@gapferry/testkit';
import { findTool, whyMissing } from '../live/support/tools.ts';
import type { BenchOptions } from './bench-options.ts';
import { type Measured, measure } from './measure.ts';
import type { RenderTimes } from './render-once.ts';
import { median } from './side-by-side.ts';

const ONCE = fileURLToPath(new URL('render-once.ts', import.meta.url));
const RUNS = 10;

/** The chart that `helm create` makes: the engine's start, the first and the later renderings, and beside it `helm template`, whose process does it all. */
export async function benchRender({ runs = RUNS }: BenchOptions): Promise<string> {
  const helm = findTool('helm-4');
  if (helm === undefined) return `skipped: helm-4: ${whyMissing('helm-4')}`;
  await using home = await temporaryDirectory();
  const inside = { cwd: home.path, env: { PATH: process.env['PATH'], HOME: home.path } };
  await mustRun(helm, ['create', 'app'], inside);
  await mustRun(helm, ['package', 'app'], inside);
  const archive = join(home.path, 'app-0.1.0.tgz');
  const all: RenderTimes[] = [];
  while (all.length < runs) all.push(await renderOnce(archive));
  const templates: Measured[] = [];
  while (templates.length < runs)
    templates.push(await measure({ argv: [helm, 'template', archive], ...inside }));
  return toTable(all, templates);
}

async function renderOnce(archive: string): Promise<RenderTimes> {
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, ONCE, archive]);
  return JSON.parse(stdout);
}

function toTable(all: readonly RenderTimes[], templates: readonly Measured[]): string {
  const row = (name: string, times: readonly number[]): string[] => [
    name,
    median(times).toFixed(0),
    `${Math.min(...times).toFixed(0)}–${Math.max(...times).toFixed(0)}`,
  ];
  return formatTable([
    ['', 'ms', 'min–max'],
    row(
      'start: thread, engine, empty chart',
      all.map(({ start }) => start),
    ),
    row(
      'first chart',
      all.map(({ first }) => first),
    ),
    row(
      'warm',
      all.flatMap(({ warm }) => warm),
    ),
    row(
      'helm template, whole process',
      templates.map((measured) => measured.seconds * 1000),
    ),
  ]);
}
