import { directoryOf, nameOf } from './file-tree.ts';

/** Directories that are charts. Their templates are no manifests: they are rendered where something installs the chart. */
export function findCharts(files: readonly string[]): ReadonlySet<string> {
  return new Set(files.filter((file) => nameOf(file) === 'Chart.yaml').map(directoryOf));
}

export function isInChart(charts: ReadonlySet<string>, file: string): boolean {
  for (let at = directoryOf(file); at !== ''; at = directoryOf(at)) if (charts.has(at)) return true;
  return charts.has('');
}
