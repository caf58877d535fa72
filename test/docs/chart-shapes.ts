import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A small chart with the truth about its images: one file of chart-shapes/, sections with `-- name --` above them. */
export interface ChartShape {
  readonly file: string;
  readonly title: string;
  /** What is pulled when the chart runs, written out in full. */
  readonly needs: readonly string[];
  /** What would be pulled if more of it were switched on. */
  readonly switchedOff: readonly string[];
  /** The chart's files, its directory in front. */
  readonly files: ReadonlyMap<string, string>;
  /** What `helm template release-name CHART` prints. */
  readonly rendered: string;
}

const DIRECTORY = fileURLToPath(new URL('./chart-shapes', import.meta.url));

export function readChartShapes(): ChartShape[] {
  return readdirSync(DIRECTORY)
    .sort()
    .map((file) => parseShape(file, readFileSync(`${DIRECTORY}/${file}`, 'utf8')));
}

function parseShape(file: string, text: string): ChartShape {
  const [title = '', ...parts] = text.split(/^-- (.+) --\n/m);
  const sections = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) sections.set(parts[at] ?? '', parts[at + 1] ?? '');
  const lines = (section: string): string[] =>
    (sections.get(section) ?? '').split('\n').filter((line) => line !== '');
  return {
    file,
    title: title.trim(),
    needs: lines('needs'),
    switchedOff: lines('switched off'),
    files: new Map([...sections].filter(([section]) => section.includes('/'))),
    rendered: sections.get('rendered') ?? '',
  };
}
