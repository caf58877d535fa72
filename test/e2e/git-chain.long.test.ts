import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, mustRun, type TestGitRepository, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

interface Pack {
  readonly digest: string;
  readonly size: number;
  readonly prerequisites: readonly string[];
  readonly since: number;
}

const LINES = Array.from({ length: 20_000 }, (_, at) => `${at}: ${(at * 7919) % 100_003}\n`).join('');
const upstreams = await temporaryDirectory();
let upstream: TestGitRepository;
let machines: TwoMachines;
let served: string;

beforeAll(async () => {
  upstream = await createRepository(upstreams.join('line-a'), [
    { message: 'one', files: { 'large.txt': LINES, 'a.txt': 'one\n' }, tags: ['v1'] },
    { message: 'side', branch: 'feature', files: { 'side.txt': 'side\n' } },
  ]);
  await upstream.git('switch', '--quiet', 'main');
  const bundle = `format: gapferry.bundle/1\nname: line-a\ngit: [{url: "file://${upstream.path}", as: ops/line-a}]\n`;
  machines = await makeTwoMachines({ bundle, environment: {} });
  served = machines.embedded('git/ops/line-a.git');
  await machines.collect('--first', '--version', '1.0.0');
}, 60_000);
afterAll(async () => {
  await machines.close();
  await upstreams.remove();
});

async function packsOf(sequence: number, depot = join(machines.outside.directory, 'depot')): Promise<Pack[]> {
  const text = await readFile(join(depot, `releases/line-a/${sequence}/packs.json`), 'utf8');
  return (JSON.parse(text) as { items: [{ packs: Pack[] }] }).items[0].packs;
}

async function change(message: string): Promise<void> {
  await upstream.commit({ message, files: { 'large.txt': `${LINES}${message}\n` } });
}

const shownBy = (repository: string): Promise<string> => mustRun('git', ['-C', repository, 'show-ref']);
const written = (report: Reported): number => (report['written'] as { bytes: number }).bytes;

describe('a repository that moves on', { timeout: 60_000 }, () => {
  it('is carried as a whole the first time', async () => {
    expect(await packsOf(1)).toMatchObject([{ prerequisites: [], since: 1 }]);
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    expect(await shownBy(served)).toBe(await shownBy(upstream.path));
  });

  it('is carried as an increment the next time: diff, medium and target get that alone', async () => {
    const [base] = await packsOf(1);
    const old = await upstream.git('rev-parse', 'main');
    await change('two');
    await machines.collect('--version', '1.1.0');
    const packs = await packsOf(2);
    expect(packs).toMatchObject([base, { prerequisites: [old], since: 2 }]);
    const increment = packs[1]?.size ?? 0;
    expect(increment).toBeLessThan((base?.size ?? 0) / 100);
    const { diff } = await gapferryJson(machines.outside, ['diff', 'depot#line-a/1', 'depot#line-a/2']);
    expect(diff).toMatchObject({
      bytes: { added: increment },
      changes: [
        {
          change: 'refs',
          bytes: increment,
          refs: [{ name: 'refs/heads/main', commits: { added: 1, removed: 0 } }],
        },
      ],
    });
    expect(written(await machines.export())).toBe(increment);
    const plan = await gapferryJson(machines.inside, ['plan', machines.stick, '--site', 'site/site.yaml']);
    expect(JSON.stringify(plan)).toContain(`"bytes":${increment}`);
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    expect(await shownBy(served)).toBe(await shownBy(upstream.path));
    await mustRun('git', ['-C', served, 'fsck', '--full', '--strict']);
  });

  it('is carried by increments when a branch is forced away and another deleted', async () => {
    await upstream.git('reset', '--quiet', '--hard', 'v1');
    await change('another two');
    await upstream.git('branch', '--quiet', '-D', 'feature');
    await machines.collect('--version', '1.2.0');
    expect((await packsOf(3)).map(({ since }) => since)).toEqual([1, 2, 3]);
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    expect(await shownBy(served)).toContain(`${await upstream.git('rev-parse', 'main')} refs/heads/main`);
  });

  it('is the same to another machine with the same lock, which packs it otherwise', async () => {
    const other = machines.path('outside/other-depot');
    const flags = ['--locked', '--version', '1.2.0', '--first', '--depot', other];
    await gapferryJson(machines.outside, ['collect', 'bundles/line-a', ...flags]);
    const manifest = (depot: string, sequence: number): Promise<string> =>
      readFile(join(depot, `releases/line-a/${sequence}/manifest.json`), 'utf8');
    expect(await manifest(other, 1)).toBe(await manifest(machines.path('outside/depot'), 3));
    expect(await packsOf(1, other)).toHaveLength(1);
  });

  it('is not loaded from a medium that lacks a pack: the release that carried it is named', async () => {
    await change('three');
    await machines.collect('--version', '1.3.0');
    await machines.export();
    const [, second] = await packsOf(4);
    const blob = join(machines.stick, 'blobs/sha256', second?.digest.slice('sha256:'.length) ?? '');
    await rm(blob, { force: true });
    const args = ['import', machines.stick, '--site', 'site/site.yaml', '--yes'];
    const { error } = await gapferryJson(machines.inside, args, 5);
    expect(error).toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining('git ops/line-a: blob'),
    });
    expect(error?.message).toContain('release line-a/2 carried it first');
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    expect(
      (await readdir(join(served, 'objects/pack'))).filter((name) => name.endsWith('.pack')),
    ).toHaveLength(4);
  });
});
