import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, quietRun } from '@gapferry/core';
import { lockDirectory } from '@gapferry/ledger';
import { gitEnvironment, mustRun, startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const SITE = ['--site', 'site/site.yaml'];
let zone: Zone;
let hub: TestRegistry;
let inside: Machine;
let staged: Digest | undefined;
/** Digests that app:1.0 had, by release. */
const apps: string[] = [];

beforeAll(async () => {
  zone = await makeZone();
  hub = await startRegistry();
  inside = {
    ...zone.inside,
    environment: { ...zone.inside.environment, NETWORK_ALLOWED: hub.host },
  };
  await writeFile(
    at('site/site.yaml'),
    `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: hub, kind: registry, url: "${hub.url}", takes: [images]}
  - {name: share, kind: directory, directory: share, path: "{channel}/{version}/{path}", takes: [files]}
  - {name: forge, kind: git, url: srv, path: "{host}/{path}"}
  - {name: embedded, kind: depot, path: embedded, takes: [charts]}
`,
  );
  for (const name of ['share', 'srv']) await mkdir(at(`site/${name}`));
  await load('1.0.0', '--first');
  await zone.upstream.change();
  await load('1.1.0');
  await stage('1.1.5');
  zone.upstream.registry.seedImage('line-a/app', '1.0', await zone.upstream.appImage(3));
  // Rewritten: what stood inside is kept aside.
  await zone.upstream.git.git('reset', '-q', '--hard', 'HEAD~1');
  await zone.upstream.git.commit({ message: 'Otherwise', files: { 'README.md': 'line A, anew\n' } });
  await load('1.2.0');
}, 180_000);
afterAll(async () => {
  await zone.close();
  await hub.close();
});

const at = (...parts: readonly string[]): string => join(zone.inside.directory, ...parts);

async function load(version: string, ...flags: readonly string[]): Promise<void> {
  await zone.collect('--version', version, ...flags);
  await zone.export();
  await gapferryJson(inside, ['import', zone.stick, ...SITE, '--yes']);
  apps.push(String(hub.tagged(`${REGISTRY}/line-a/app`, '1.0')));
}

/** It comes, and is never activated. */
async function stage(version: string): Promise<void> {
  const image = await zone.upstream.appImage(9);
  zone.upstream.registry.seedImage('line-a/app', '1.0', image);
  await zone.collect('--version', version);
  await zone.export();
  await gapferryJson(inside, ['import', zone.stick, ...SITE, '--stage', '--yes']);
  // Of those that the bundle wants.
  staged = image.children[0]?.root.digest;
}

const prune = (args: readonly string[], exitCode = 0): Promise<Reported> =>
  gapferryJson(inside, ['prune', ...SITE, ...args], exitCode);

interface Told {
  readonly targets: {
    readonly target: string;
    readonly because?: string;
    readonly steps: { place: string; bytes?: number; stays?: string }[];
  }[];
  readonly totals: { readonly steps: number; readonly bytes: number };
}

const stepsAt = ({ targets }: Told, name: string): Told['targets'][number]['steps'] =>
  targets.find(({ target }) => target === name)?.steps ?? [];

/** Names of refs, by repository. */
async function refsInside(): Promise<Record<string, string[]>> {
  const found = await readdir(at('site/srv'), { recursive: true });
  const bares = found.filter((name) => name.endsWith('.git'));
  const refs = bares.map(async (name) => {
    const args = ['--git-dir', at('site/srv', name), 'for-each-ref', '--format=%(refname)'];
    return [name, (await mustRun('git', args, { env: gitEnvironment() })).trim().split('\n')] as const;
  });
  return Object.fromEntries(await Promise.all(refs));
}

describe('a prune', { timeout: 120_000 }, () => {
  it('has nothing to do while as many releases stay as there are', async () => {
    expect(await prune(['--keep', '4'])).toMatchObject({ channels: [], targets: [] });
  });

  it('tells what would go, and changes nothing', async () => {
    const before = await treeDigest(at('site/embedded'));
    const told = (await prune(['--keep', '1', '-o', 'prune.json'])) as unknown as Told;
    expect(stepsAt(told, 'hub').filter(({ place }) => place.endsWith(apps[0] ?? '?'))).toHaveLength(1);
    expect(stepsAt(told, 'hub').some(({ place }) => place.endsWith(apps[2] ?? '?'))).toBe(false);
    expect(
      stepsAt(told, 'share')
        .map(({ place }) => place)
        .join(' '),
    ).toContain('line-a/1.0.0/');
    expect(
      stepsAt(told, 'embedded')
        .map(({ place }) => place)
        .join(' '),
    ).toContain('historian:4.1.0');
    expect(stepsAt(told, 'forge')).toEqual([
      {
        place: expect.stringMatching(/^file:.*line-a\.git refs\/gapferry\/backup\/4\/$/),
        what: 'refs',
        count: 1,
      },
    ]);
    expect(told.totals.bytes).toBeGreaterThan(0);
    expect(await treeDigest(at('site/embedded'))).toBe(before);
    for (const digest of [apps[0], staged])
      expect(hub.hasManifest(`${REGISTRY}/line-a/app`, digest as Digest)).toBe(true);
  });

  it('is not done without an answer, nor from a file that says something else than a look does now', async () => {
    const asked = await gapferry(inside, ['prune', ...SITE, '--plan', 'prune.json']);
    expect(asked.code).toBe(2);
    hub.seedImage(`${REGISTRY}/line-a/app`, 'production', await zone.upstream.appImage(1));
    // Whoever works with a target is out of the way before anything is looked at.
    const busy = { clock: { now: () => new Date() }, run: quietRun() };
    const lock = await lockDirectory(at('site/embedded'), 'collect', busy);
    expect((await prune(['--plan', 'prune.json', '--yes'], 8)).error?.code).toBe('LOCKED');
    await lock.release();
    const { error } = await prune(['--plan', 'prune.json', '--yes'], 7);
    expect(error?.code).toBe('PLAN_MOVED');
    expect(hub.hasManifest(`${REGISTRY}/line-a/app`, apps[1] as never)).toBe(true);
  });

  it('removes what was approved, and not what somebody else’s tag leads to', async () => {
    await prune(['--keep', '1', '-o', 'prune.json']);
    expect(await prune(['--plan', 'prune.json', '--yes'])).toMatchObject({ kind: 'pruned' });
    const app = `${REGISTRY}/line-a/app`;
    const { root, children } = await zone.upstream.appImage(1);
    expect(hub.tagged(app, 'production')).toBe(root.digest);
    for (const child of children) expect(hub.hasManifest(app, child.root.digest)).toBe(true);
    expect(hub.hasManifest(app, apps[0] as never)).toBe(false);
    expect(hub.hasManifest(app, apps[1] as never)).toBe(false);
    expect(hub.hasManifest(app, staged as Digest)).toBe(false);
    expect(hub.tagged(app, '1.0')).toBe(apps[2]);
    expect((await readdir(at('site/share/line-a'))).sort()).toEqual(['1.2.0']);
    expect(Object.values(await refsInside())).toEqual([
      ['refs/heads/main', 'refs/tags/v1.0', 'refs/tags/v1.1'],
    ]);
    const index = await readFile(at('site/embedded/index.json'), 'utf8');
    expect(index).not.toContain('historian:4.1.0');
    expect(index).toContain('historian:4.2.0');
  });

  it('says when it was carried out to whoever runs it again', async () => {
    const again = await gapferry(inside, ['prune', ...SITE, '--plan', 'prune.json', '--yes']);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('was carried out at 20')]);
  });

  it('leaves what stays whole: the newest release is read back and found unchanged', async () => {
    const { kind } = await gapferryJson(inside, ['import', zone.stick, ...SITE, '--yes']);
    expect(kind).toBe('unchanged');
  });

  it('stands in the ledger before and after, which is whole', async () => {
    const { stdout } = await gapferry(inside, ['ledger', 'show', 'site/state', '--json']);
    const kinds = [...stdout.matchAll(/"kind": "(prune\.[a-z]+)"/g)].map(([, kind]) => kind);
    expect(kinds[0]).toBe('prune.began');
    expect(kinds.at(-1)).toBe('prune.finished');
    expect(kinds.filter((kind) => kind === 'prune.removing').length).toBe(
      kinds.filter((kind) => kind === 'prune.removed').length,
    );
    await gapferryJson(inside, ['ledger', 'verify', 'site/state']);
  });

  it('forgets what the site kept of them, so that only their medium brings them back', async () => {
    const kept = await readdir(at('site/state/releases/line-a'));
    expect(kept.map((name) => name.split('-')[0])).toEqual(['4']);
  });
});
