import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quietRun } from '@gapferry/core';
import { lockDirectory } from '@gapferry/ledger';
import {
  fixedClock,
  gitEnvironment,
  gitServerMissing,
  mustRun,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveEmbedded } from '../live/support/serve-embedded.ts';
import { gapferry, gapferryJson, type Reported } from '../support/command-line.ts';
import { checkedOut, makeSubmoduleWorld, type SubmoduleWorld } from '../support/submodule-world.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const SITE = ['--site', 'site/site.yaml', '--yes'];

describe('between staging and activating', { timeout: 120_000 }, () => {
  let machines: TwoMachines;
  beforeAll(async () => {
    machines = await makeTwoMachines({ bundle: bundleOf('line-a'), environment: {} });
    const { directory } = machines.outside;
    await mkdir(join(directory, 'bundles/line-b'));
    await writeFile(join(directory, 'bundles/line-b/bundle.yaml'), bundleOf('line-b'));
    await trust((text) =>
      text.replace(/^ {2}line-a:\n(?:(?: {4}.*)?\n)*/m, (one) => one + one.replaceAll('line-a', 'line-b')),
    );
    await put('first');
    for (const line of ['line-a', 'line-b']) await collect(line, '1.0.0', '--first');
  }, 120_000);
  afterAll(() => machines.close());

  function bundleOf(line: string): string {
    return `format: gapferry.bundle/1\nname: ${line}\nfiles:\n  - {path: ../../kit, as: ${line}/kit}\n`;
  }
  async function put(text: string): Promise<void> {
    const kit = join(machines.outside.directory, 'kit');
    await mkdir(kit, { recursive: true });
    for (const name of ['a', 'b']) await writeFile(join(kit, name), text);
  }
  async function collect(line: string, version: string, ...more: readonly string[]): Promise<void> {
    const { outside, stick } = machines;
    await gapferryJson(outside, ['collect', `bundles/${line}`, '--version', version, ...more]);
    await gapferryJson(outside, ['export', `depot#${line}`, '--to', stick]);
  }
  /** The policy changes, and is pinned by its fingerprint. */
  async function trust(change: (text: string) => string): Promise<void> {
    const file = join(machines.inside.directory, 'site/trust.yaml');
    const text = await readFile(file, 'utf8');
    const version = Number(/^version: (\d+)/m.exec(text)?.[1]) + 1;
    await writeFile(file, change(text).replace(/^version: \d+/m, `version: ${version}`));
    const shown = await gapferryJson(machines.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
    const { words } = shown['fingerprint'] as { words: string };
    await gapferryJson(machines.inside, ['trust', 'pin', '--site', 'site/site.yaml', '--fingerprint', words]);
  }
  const stage = (place: string, exitCode = 0): Promise<Reported> =>
    gapferryJson(machines.inside, ['import', place, ...SITE, '--stage'], exitCode);
  const activate = (release: string, exitCode = 0): Promise<Reported> =>
    gapferryJson(machines.inside, ['activate', release, ...SITE], exitCode);
  const visible = (): Promise<string[]> => readdir(machines.embedded('files')).catch(() => []);

  it('two channels wait side by side, and each is activated for itself', async () => {
    for (const line of ['line-a', 'line-b'])
      expect(await stage(`${machines.stick}#${line}`)).toMatchObject({ kind: 'staged', channel: line });
    expect(await visible()).toEqual([]);
    expect(await activate('line-b')).toMatchObject({ kind: 'loaded', record: { channel: 'line-b' } });
    expect(await visible()).toEqual(['line-b']);
    expect(await activate('line-a')).toMatchObject({ kind: 'loaded', record: { channel: 'line-a' } });
    expect(await visible()).toEqual(['line-a', 'line-b']);
  });

  it('a newer release makes the older one wait for ever, in words; an import of the medium does both steps', async () => {
    await put('second');
    await collect('line-a', '1.1.0');
    const { statement } = await stage(`${machines.stick}#line-a/2`);
    await put('third');
    await collect('line-a', '1.2.0');
    await stage(`${machines.stick}#line-a/3`);
    const { error } = await activate('line-a/2', 4);
    expect(error).toMatchObject({
      code: 'ROLLBACK',
      message: expect.stringContaining('number 3 of channel line-a was staged or imported'),
      hint: expect.stringContaining('gapferry activate line-a/3'),
      data: { statement },
    });
    expect(await readFile(machines.embedded('files/line-a/kit/a'), 'utf8')).toBe('first');
    expect(
      await gapferryJson(machines.inside, ['import', `${machines.stick}#line-a`, ...SITE]),
    ).toMatchObject({
      kind: 'loaded',
      record: { bytes: 0 },
    });
    expect(await readFile(machines.embedded('files/line-a/kit/b'), 'utf8')).toBe('third');
  });

  it('a policy that recalls the release refuses it, whoever works in the depot is waited for, and damage of what is kept is found', async () => {
    await put('fourth');
    await collect('line-b', '1.1.0');
    const staged = await stage(`${machines.stick}#line-b`);
    const other = { clock: fixedClock('2026-03-20T00:00:00Z'), run: quietRun() };
    const lock = await lockDirectory(machines.embedded(), 'collect', other);
    expect((await activate('line-b', 8)).error).toMatchObject({ code: 'LOCKED' });
    await lock.release();

    const [kept = ''] = (await readdir(join(machines.inside.directory, 'site/state/releases/line-b'))).filter(
      (name) => name.startsWith('2-'),
    );
    const manifest = join(
      machines.inside.directory,
      `site/state/releases/line-b/${kept}/releases/line-b/2/manifest.json`,
    );
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('line-b', 'line-c'));
    expect((await activate('line-b', 4)).error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    await stage(`${machines.stick}#line-b`);
    expect(await readFile(manifest, 'utf8')).toBe(text);

    await trust((policy) =>
      policy.replace(/^ {2}line-b:\n/m, `  line-b:\n    deny: {releases: ["${staged['statement']}"]}\n`),
    );
    expect((await activate('line-b', 4)).error).toMatchObject({ code: 'RELEASE_DENIED' });
    expect(await readFile(machines.embedded('files/line-b/kit/a'), 'utf8')).toBe('first');
    expect(await gapferryJson(machines.inside, ['ledger', 'verify', 'site/state'])).toMatchObject({
      ok: true,
    });
  });
});

const missing = gitServerMissing();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

describe.skipIf(missing !== undefined)('submodules and files of Git LFS', { timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let world: SubmoduleWorld;
  let machines: TwoMachines;
  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    world = cleanup.use(await makeSubmoduleWorld());
    machines = await makeTwoMachines({ bundle: world.bundle(), environment: {} });
    cleanup.defer(() => machines.close());
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
  }, 120_000);
  afterAll(() => cleanup.disposeAsync());

  it('are served by nobody while they are staged, and whole after activate, without the stick', async () => {
    const { inside, stick } = machines;
    await mkdir(machines.embedded(), { recursive: true });
    expect(await gapferryJson(inside, ['import', stick, ...SITE, '--stage'])).toMatchObject({
      kind: 'staged',
    });
    await using served = await serveEmbedded(inside);
    const place = `${served.url}/git/${world.id('team/app').replace(':', '-')}.git`;
    const env = gitEnvironment();
    expect(await mustRun('git', ['ls-remote', place], { env }).catch(() => '')).toBe('');
    await rename(stick, `${stick}.away`);
    await rm(join(inside.directory, 'site/state/git-packs'), { recursive: true, force: true });
    expect(await gapferryJson(inside, ['activate', 'line-a', ...SITE])).toMatchObject({ kind: 'loaded' });
    await rename(`${stick}.away`, stick);
    const site = ['--site', 'site/site.yaml', '--release', stick, '--url', served.url, '--stdout'];
    await writeFile(
      home.join('gitconfig'),
      (await gapferry(inside, ['mirror-config', 'git', ...site])).stdout,
    );
    const [upstream, here] = [home.join('upstream'), home.join('here')];
    await mustRun('git', ['clone', '-q', '--recurse-submodules', `${world.server.url}/team/app`, upstream], {
      env,
    });
    const expected = await checkedOut(upstream);
    await world.server.close();
    const led = { ...env, GIT_CONFIG_GLOBAL: home.join('gitconfig') };
    await mustRun('git', ['clone', '-q', '--recurse-submodules', place, here], { env: led });
    expect(await checkedOut(here)).toEqual(expected);
  });
});
