import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runProcess, temporaryDirectory, which } from '@gapferry/testkit';

/** Charts that others wrote, in public Go modules: where a module's proxy has them, they are there. `path` is the chart's. */
const MODULES = [
  {
    module: 'k8s.io/ingress-nginx',
    version: 'v0.0.0-20240708192948-52c50467d67d',
    path: 'charts/ingress-nginx',
  },
  { module: 'sigs.k8s.io/metrics-server', version: 'v0.9.0', path: 'charts/metrics-server' },
  { module: 'github.com/kyverno/kyverno', version: 'v1.19.1', path: 'charts/kyverno-policies' },
];

export interface PublicChart {
  readonly name: string;
  readonly directory: string;
  /** What its authors test it with. */
  readonly values: ReadonlyArray<{ readonly name: string; readonly content: string }>;
}

/** What can be had of them. Why one cannot is printed. */
export async function publicCharts(): Promise<PublicChart[]> {
  const charts = await Promise.all(MODULES.map(fetchChart));
  return charts.filter((chart) => chart !== undefined);
}

async function fetchChart(wanted: (typeof MODULES)[number]): Promise<PublicChart | undefined> {
  const said = await download(`${wanted.module}@${wanted.version}`);
  if (typeof said === 'string') {
    process.stderr.write(`skipped: the chart of ${wanted.module}: ${said}\n`);
    return undefined;
  }
  const directory = join(said.directory, wanted.path);
  return { name: basename(directory), directory, values: await valuesIn(join(directory, 'ci')) };
}

/** Where it lies, or why it is not there. */
async function download(module: string): Promise<{ readonly directory: string } | string> {
  const go = which('go');
  if (go === undefined) return 'there is no Go on this machine to fetch it';
  await using empty = await temporaryDirectory();
  const env = { ...process.env, GOFLAGS: '-modcacherw' };
  const { stdout } = await runProcess(go, ['mod', 'download', '-json', module], { cwd: empty.path, env });
  const { Dir: directory, Error: reason = 'no reason given' } = JSON.parse(stdout) as Record<string, string>;
  return directory === undefined ? reason : { directory };
}

async function valuesIn(directory: string): Promise<Array<{ name: string; content: string }>> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.map(async (name) => ({ name, content: await readFile(join(directory, name), 'utf8') })),
  );
}
