import { directoryOf, isBelow, nameOf } from './file-tree.ts';

/** Directories that are charts. Their templates are no manifests: they are rendered where something installs the chart. */
export function findCharts(files: readonly string[]): string[] {
  return files.filter((file) => nameOf(file) === 'Chart.yaml').map(directoryOf);
}

export function isInChart(charts: readonly string[], file: string): boolean {
  return charts.some((chart) => isBelow(file, chart));
}
