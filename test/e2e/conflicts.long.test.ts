import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitEnvironment, mustRun } from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { bundleOfEverything, GIT, REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

let zone: Zone;
beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  await zone.import();
  await zone.upstream.change();
  await zone.collect('--version', '1.1.0');
  await zone.export();
}, 60_000);
afterAll(() => zone.close());

/** The import refuses with exit 7, and the target is as it was. */
async function conflict(stick = zone.stick): Promise<NonNullable<Reported['error']>> {
  const before = await treeDigest(zone.embedded());
  const { error } = await gapferryJson(
    zone.inside,
    ['import', stick, '--site', 'site/site.yaml', '--yes'],
    7,
  );
  expect(await treeDigest(zone.embedded())).toBe(before);
  expect(error?.code).toBe('TARGET_CONFLICT');
  expect(error?.hint).toBeTruthy();
  return error ?? { code: '', message: '', data: {} };
}

interface Index {
  readonly manifests: Array<{ digest: string; size: number; annotations: Record<string, string> }>;
}

it('leaves a tag alone that somebody else has moved', { timeout: 60_000 }, async () => {
  const file = zone.embedded('index.json');
  const good = await readFile(file, 'utf8');
  const index = JSON.parse(good) as Index;
  const names = (name: string): boolean => name.includes('line-a/app:1.0');
  const ours = index.manifests.find(({ annotations }) => Object.values(annotations).some(names));
  const other = index.manifests.find((entry) => entry !== ours);
  if (ours === undefined || other === undefined) throw new Error(`index.json is not as expected:\n${good}`);
  Object.assign(ours, { digest: other.digest, size: other.size });
  await writeFile(file, JSON.stringify(index));
  expect((await conflict()).message).toContain(`${REGISTRY}/line-a/app:1.0`);
  await writeFile(file, good);
});

it('leaves a branch alone that somebody else has moved', { timeout: 60_000 }, async () => {
  const repository = zone.embedded(`git/${GIT}/ops/line-a.git`);
  const git = (...args: string[]): Promise<string> =>
    mustRun('git', ['-C', repository, ...args], { env: gitEnvironment() });
  const good = (await git('rev-parse', 'main')).trim();
  const tree = (await git('rev-parse', 'main^{tree}')).trim();
  const local = (await git('commit-tree', tree, '-p', good, '-m', 'a hot fix of the site')).trim();
  await git('update-ref', 'refs/heads/main', local);
  const { message } = await conflict();
  expect(message).toContain(`${GIT}/ops/line-a`);
  expect(message).toContain('main');
  await git('update-ref', 'refs/heads/main', good);
});

it('leaves a file alone that somebody else has changed', { timeout: 60_000 }, async () => {
  const file = zone.embedded('files/tools/tool.bin');
  const good = await readFile(file);
  await writeFile(file, 'edited on the spot').catch(async () => {
    await mustRun('chmod', ['u+w', file]);
    await writeFile(file, 'edited on the spot');
  });
  expect((await conflict()).message).toContain('tools/tool.bin');
  await writeFile(file, good);
});

it('lets no second channel take a name of the first', { timeout: 60_000 }, async () => {
  await writeFile(join(zone.outside.directory, 'line-b.yaml'), bundleOfEverything('line-b', 'none'));
  await gapferryJson(zone.outside, ['collect', 'line-b.yaml', '--depot', 'depot-b', '--first']);
  const stick = zone.path('stick-b');
  await gapferryJson(zone.outside, ['export', 'depot-b', '--to', stick]);
  await trustBothChannels();
  const { message } = await conflict(stick);
  expect(message).toContain('tools/tool.bin at target embedded belongs to channel line-a');
});

it('loads the next release once the conflicts are settled', { timeout: 60_000 }, async () => {
  expect(await zone.import()).toMatchObject({ kind: 'loaded', record: { sequence: 2 } });
  expect(await zone.reached()).toBe('');
});

async function trustBothChannels(): Promise<void> {
  const file = join(zone.inside.directory, 'site/trust.yaml');
  const text = (await readFile(file, 'utf8')).replace(/^version: 1 /m, 'version: 2 ');
  const channel = text.slice(text.indexOf('  line-a:'));
  await writeFile(file, `${text}${channel.replace('line-a', 'line-b')}`);
  const { fingerprint } = (await gapferryJson(zone.inside, [
    'trust',
    'show',
    '--trust',
    'site/trust.yaml',
  ])) as Reported & { fingerprint: { digest: string } };
  await gapferryJson(zone.inside, [
    'trust',
    'pin',
    '--site',
    'site/site.yaml',
    '--fingerprint',
    fingerprint.digest,
  ]);
}
