import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTable } from '@gapferry/report';
import { mustRun } from '@gapferry/testkit';
import type { BenchOptions } from './bench-options.ts';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import { type GitHistory, openGitHistory, showState } from './git-history.ts';
import type { Command } from './measure.ts';
import { comparisonTable } from './report.ts';
import { type Comparison, median, sideBySide } from './side-by-side.ts';

const RUNS = 3;
const OBJECTS = 300_000;

/** A repository the first time, beside `git clone --mirror` and `git bundle create`, and 500 commits later, beside `git fetch`; then the bytes of both, and the import of these commits into a
 *  directory of repositories, beside `git push` of the same. */
export async function benchGit({ runs = RUNS, size = OBJECTS }: BenchOptions): Promise<string> {
  const history = await openGitHistory(size);
  await using zone = await makeBenchZone({ blobs: '', registry: '', images: [] }, 'example.org');
  const url = `file://${history.path}`;
  const wishes = `git: [{url: "${url}", as: bench/history}]\n`;
  await writeFile(
    zone.path('bundles/bench/bundle.yaml'),
    `format: gapferry.bundle/1\nname: bench\n${wishes}`,
  );
  const base = await benchBase(zone, history, url, runs);
  const increment = await benchIncrement(zone, history, runs);
  const head = await mustRun('git', ['-C', history.path, 'rev-list', '--objects', '--count', '--all']);
  return [
    `${head.trim()} objects, ${url}`,
    base,
    increment,
    formatTable([['', 'bytes'], ...(await bytesOf(zone, history))]),
    await benchPush(zone, runs),
  ].join('\n\n');
}

async function benchBase(zone: BenchZone, history: GitHistory, url: string, runs: number): Promise<string> {
  await showState(history, 'before');
  const clone = `git clone --quiet --mirror "${url}" mirror && git -C mirror bundle create --quiet ../bundle --all`;
  const compared = await sideBySide(
    [
      {
        name: 'git clone --mirror, then git bundle create',
        command: inZone(zone, ['sh', '-c', clone]),
        prepare: () => zone.empty('mirror', 'bundle'),
      },
      { name: 'gapferry collect', command: zone.collect(), prepare: () => zone.empty('depot') },
    ],
    runs,
  );
  return comparisonTable(compared);
}

/** What the first state left is copied for each run. */
async function benchIncrement(zone: BenchZone, history: GitHistory, runs: number): Promise<string> {
  for (const name of ['depot', 'mirror'])
    await cp(zone.path(name), zone.path(`${name}-before`), { recursive: true });
  await showState(history, 'after');
  const anew = (name: string) => async (): Promise<void> => {
    await zone.empty(name);
    await cp(zone.path(`${name}-before`), zone.path(name), { recursive: true });
    await mustRun('sync');
  };
  const compared = await sideBySide(
    [
      {
        name: 'git fetch',
        command: inZone(zone, ['git', '-C', 'mirror', 'fetch', '--quiet']),
        prepare: anew('mirror'),
      },
      { name: 'gapferry collect', command: zone.collectAgain(), prepare: anew('depot') },
      { name: 'gapferry collect, unchanged', command: zone.collectAgain() },
    ],
    runs,
  );
  return `${comparisonTable(compared)}\n${overhead(compared)}`;
}

/** Starting, asking upstream and looking at the depot take their time whether there is an increment or not. */
function overhead([fetch, collect, unchanged]: readonly Comparison[]): string {
  const own = (collect?.runs ?? []).map(
    ({ seconds }, at) =>
      (seconds - (unchanged?.runs[at]?.seconds ?? 0)) / (fetch?.runs[at]?.seconds ?? Number.NaN),
  );
  return `collect above an unchanged one: ${median(own).toFixed(2)} × git fetch`;
}

/** What the import of the first release left is copied for each run. */
async function benchPush(zone: BenchZone, runs: number): Promise<string> {
  await mkdir(zone.path('host'));
  await zone.newSite('{name: host, kind: git, url: ../host, path: "{path}"}');
  const importing = (depot: string): Command =>
    zone.gapferry('import', depot, '--site', 'site/site.yaml', '--yes', '--no-progress');
  const { argv } = importing('depot-before');
  await mustRun(argv[0], argv.slice(1), { cwd: zone.path(), env: zone.env });
  await mustRun('git', ['clone', '--quiet', '--bare', zone.path('mirror-before'), zone.path('peer')]);
  for (const name of ['site', 'host', 'peer'])
    await cp(zone.path(name), zone.path(`${name}-before`), { recursive: true });
  const anew =
    (...names: readonly string[]) =>
    async (): Promise<void> => {
      await zone.empty(...names);
      for (const name of names) await cp(zone.path(`${name}-before`), zone.path(name), { recursive: true });
      await mustRun('sync');
    };
  const push = ['git', '-C', 'mirror', 'push', '--quiet', '--mirror', zone.path('peer')] as const;
  const compared = await sideBySide(
    [
      { name: 'git push of the 500 commits', command: inZone(zone, push), prepare: anew('peer') },
      {
        name: 'gapferry import of the increment',
        command: importing('depot'),
        prepare: anew('site', 'host'),
      },
    ],
    runs,
  );
  return comparisonTable(compared);
}

function inZone(zone: BenchZone, argv: Command['argv']): Command {
  return { argv, cwd: zone.path(), env: zone.env };
}

async function bytesOf(zone: BenchZone, history: GitHistory): Promise<string[][]> {
  const packs = async (sequence: number): Promise<number[]> => {
    const text = await readFile(zone.path(`depot/releases/bench/${sequence}/packs.json`), 'utf8');
    return JSON.parse(text).items[0].packs.map(({ size }: { size: number }) => size);
  };
  const received = zone.path('received.pack');
  await zone.empty('mirror');
  await cp(zone.path('mirror-before'), zone.path('mirror'), { recursive: true });
  const before = new Set(await readdir(zone.path('mirror/objects/pack')));
  await mustRun('git', ['-C', zone.path('mirror'), 'fetch', '--quiet'], {
    env: { ...zone.env, GIT_TRACE_PACKFILE: received },
  });
  const [kept = ''] = (await readdir(zone.path('mirror/objects/pack'))).filter(
    (name) => name.endsWith('.pack') && !before.has(name),
  );
  const { size } = await stat(join(zone.path('mirror/objects/pack'), kept));
  const [whole, [, increment]] = [await packs(1), await packs(2)];
  await showState(history, 'before');
  return [
    ['gapferry, base pack', `${whole[0]}`],
    ['git bundle', `${(await stat(zone.path('bundle'))).size}`],
    ['gapferry, increment', `${increment}`],
    ['git fetch, as sent', `${(await stat(received)).size}`],
    ['git fetch, as kept', `${size}`],
  ];
}
