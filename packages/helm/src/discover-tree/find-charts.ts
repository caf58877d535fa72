import { directoryOf, nameOf, pathFrom } from './file-tree.ts';
import type { Reading } from './reading.ts';

/** Directories that are charts. Their templates are no manifests: they are rendered where something installs the chart. */
export function findCharts(files: readonly string[]): ReadonlySet<string> {
  return new Set(files.filter((file) => nameOf(file) === 'Chart.yaml').map(directoryOf));
}

export function isInChart(charts: ReadonlySet<string>, file: string): boolean {
  for (let at = directoryOf(file); at !== ''; at = directoryOf(at)) if (charts.has(at)) return true;
  return charts.has('');
}

/** Charts that nothing installs: not a part of another chart, no library, and named by no other chart as `file://`. Sorted. */
export function idleCharts(
  charts: ReadonlySet<string>,
  installed: ReadonlySet<string>,
  reading: Reading,
): string[] {
  const outermost = [...charts].filter((chart) => chart === '' || !isInChart(charts, chart));
  const texts = outermost.map((chart) => {
    const path = (name: string): string => (chart === '' ? name : `${chart}/${name}`);
    const bytes = ['Chart.yaml', 'requirements.yaml'].map((name) => reading.read(path(name)) ?? []);
    return { chart, text: Buffer.concat(bytes.map((part) => Uint8Array.from(part))).toString('utf8') };
  });
  const used = new Set(
    texts.flatMap(({ chart, text }) =>
      [...text.matchAll(/file:\/\/([^\s"'#]+)/g)].map(([, path = '']) => pathFrom(chart, path)),
    ),
  );
  const isLibrary = (text: string): boolean => /^type:\s*["']?library\b/m.test(text);
  return texts
    .filter(({ chart, text }) => !installed.has(chart) && !used.has(chart) && !isLibrary(text))
    .map(({ chart }) => chart)
    .sort();
}
