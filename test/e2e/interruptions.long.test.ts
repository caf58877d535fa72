import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitEnvironment, mustRun, type ProcessResult } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { rightBlobs, wholeReleases } from '../support/right-blobs.ts';
import { countingEffects, effectsIn, signalledAt, spread } from '../support/signalled.ts';
import { bundleOfEverything, GIT, TOOL_SHA256 } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const COLLECT = ['collect', 'bundles/line-a', '--first', '--version', '1.0.0'];
const POINTS = 6;
let zone: Zone;
/** Of a run that nobody interrupted. */
let manifest: unknown;
let totals: { collect: number; export: number; import: number };

beforeAll(async () => {
  zone = await makeZone();
  const log = (name: string): string => zone.path(`${name}.effects`);
  const outside = (name: string): Machine => countingEffects(zone.outside, log(name));
  const sealed = await gapferryJson(outside('collect'), [...COLLECT, '--depot', 'depot']);
  manifest = sealed.manifest;
  await gapferryJson(outside('export'), ['export', 'depot', '--to', zone.stick]);
  const loading = ['import', zone.stick, '--site', 'site/site.yaml', '--yes'];
  await gapferryJson(countingEffects(zone.inside, log('import')), loading);
  totals = {
    collect: await effectsIn(log('collect')),
    export: await effectsIn(log('export')),
    import: await effectsIn(log('import')),
  };
}, 60_000);
afterAll(() => zone.close());

const depot = (name: string): string => join(zone.outside.directory, name);

describe('collect', { timeout: 120_000 }, () => {
  const again = (name: string): Promise<Reported> =>
    gapferryJson(zone.outside, [...COLLECT, '--depot', name]);

  it('killed at any point leaves nothing half-made, and goes on with what it has', async () => {
    const sealing = ['manifest.json', '/releases/line-a/1'];
    const points = [...spread(totals.collect * 0.7, POINTS - 2), ...sealing];
    for (const [index, effect] of points.entries()) {
      const name = `killed-${index}`;
      const killed = await gapferry(signalledAt(zone.outside, 'SIGKILL', effect), [
        ...COLLECT,
        '--depot',
        name,
      ]);
      expect(killed.signal, `at effect ${effect}: ${killed.stderr}`).toBe('SIGKILL');
      const complete = await rightBlobs(depot(name));
      const whole = await wholeReleases(depot(name), 'line-a');
      const asked = zone.upstream.registry.requests.length;
      const sealed = await again(name);
      expect(sealed.manifest).toBe(manifest);
      expect(sealed['release']).toMatchObject({ sequence: 1 });
      expect(sealed.kind).toBe(whole.length > 0 ? 'unchanged' : 'sealed');
      const urls = zone.upstream.registry.requests.slice(asked).map(({ url }) => url);
      for (const blob of complete)
        expect(urls.filter((url) => url.includes('/blobs/') && url.endsWith(blob))).toEqual([]);
      await gapferryJson(zone.outside, ['ledger', 'verify', name]);
      await rm(depot(name), { recursive: true });
    }
  });

  // Nothing is written while charts are rendered, so no point lies there; but what they name is asked for in between.
  it('killed half way goes on to the same when it looks into charts', async () => {
    await writeFile(join(zone.outside.directory, 'looks.yaml'), bundleOfEverything('line-a', 'discover'));
    const args = ['collect', 'looks.yaml', '--first', '--version', '1.0.0', '--depot'];
    const log = zone.path('looks.effects');
    const whole = await gapferryJson(countingEffects(zone.outside, log), [...args, 'looks-whole']);
    const half = Math.round((await effectsIn(log)) / 2);
    const killed = await gapferry(signalledAt(zone.outside, 'SIGKILL', half), [...args, 'looks']);
    expect(killed.signal, `at effect ${half}: ${killed.stderr}`).toBe('SIGKILL');
    await rightBlobs(depot('looks'));
    const sealed = await gapferryJson(zone.outside, [...args, 'looks']);
    expect(sealed).toMatchObject({ kind: 'sealed', manifest: whole.manifest });
  });

  it('stops on Ctrl-C while a source keeps it waiting, and keeps what came', async () => {
    zone.upstream.files.addFault({ match: ({ method }) => method === 'GET', do: { kind: 'stall' } });
    const stopped = await gapferry(signalledAt(zone.outside, 'SIGINT', `${TOOL_SHA256}.part`), [
      ...COLLECT,
      '--depot',
      'stopped',
    ]);
    zone.upstream.files.clearFaults();
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('stopping');
    expect(stopped.stderr).toContain('run the same command again');
    const complete = await rightBlobs(depot('stopped'));
    expect(complete).not.toContain(TOOL_SHA256);
    expect(await again('stopped')).toMatchObject({ kind: 'sealed', manifest });
    await rm(depot('stopped'), { recursive: true });
  });

  it('lets no second collect into its depot, and names the first', async () => {
    const { promise: holds, resolve } = Promise.withResolvers<void>();
    const match = (): boolean => {
      resolve();
      return true;
    };
    zone.upstream.files.addFault({ match, times: 1, do: { kind: 'stall' } });
    const start = (): Promise<ProcessResult> => gapferry(zone.outside, [...COLLECT, '--depot', 'shared']);
    const both = [start(), start()];
    expect((await Promise.race(both)).code).toBe(8);
    // Who holds a lock writes down who it is only after it has it.
    await holds;
    const refused = await start();
    expect(refused.code).toBe(8);
    expect(refused.stderr).toMatch(/process \d+, since .*: collect line-a/);
    const [, holder] = /process (\d+), since/.exec(refused.stderr) ?? [];
    process.kill(Number(holder), 'SIGTERM');
    expect((await Promise.all(both)).map(({ code }) => code).sort()).toEqual([130, 8]);
    zone.upstream.files.clearFaults();
    expect(await again('shared')).toMatchObject({ kind: 'sealed', manifest });
  });
});

describe('export', { timeout: 120_000 }, () => {
  it('killed or stopped at any point leaves a stick that holds no release or a right one, and goes on', async () => {
    for (const [index, effect] of spread(totals.export, POINTS).entries()) {
      const stick = zone.path(`stick-${index}`);
      const signal = index % 2 === 0 ? 'SIGKILL' : 'SIGINT';
      const broken = await gapferry(signalledAt(zone.outside, signal, effect), [
        'export',
        'depot',
        '--to',
        stick,
      ]);
      if (signal === 'SIGKILL') expect(broken.signal, `at effect ${effect}`).toBe('SIGKILL');
      // The last effect gives the lock back: the work is done by then.
      else expect([130, 0], `at effect ${effect}: ${broken.stderr}`).toContain(broken.code);
      await rightBlobs(stick);
      await wholeReleases(stick, 'line-a');
      await gapferryJson(zone.outside, ['export', 'depot', '--to', stick]);
      expect(await gapferryJson(zone.inside, ['verify', stick, '--site', 'site/site.yaml'])).toMatchObject({
        manifest,
      });
      await rm(stick, { recursive: true });
    }
  });
});

describe('import', { timeout: 120_000 }, () => {
  it('killed or stopped at any point shows nothing unready, and goes on', async () => {
    const uninterrupted = await loadedNow();
    for (const [index, effect] of spread(totals.import, POINTS).entries()) {
      await rm(zone.embedded(), { recursive: true });
      // What the site keeps of the release is written first, and only once.
      await rm(join(zone.inside.directory, 'site/state/releases'), { recursive: true });
      const signal = index % 2 === 0 ? 'SIGKILL' : 'SIGINT';
      const broken = await gapferry(signalledAt(zone.inside, signal, effect), [
        'import',
        zone.stick,
        '--site',
        'site/site.yaml',
        '--yes',
      ]);
      const how = `${signal} at effect ${effect} of ${totals.import}: ${broken.stderr}`;
      if (signal === 'SIGKILL') expect(broken.signal, how).toBe('SIGKILL');
      // The last effects write the receipt: the work is done by then.
      else expect([130, 0], how).toContain(broken.code);
      await rightBlobs(zone.embedded());
      expect(['loaded', 'unchanged']).toContain((await zone.import()).kind);
      expect(await loadedNow(), how).toEqual(uninterrupted);
    }
    await gapferryJson(zone.inside, ['ledger', 'verify', 'site/state']);
    expect(await zone.reached()).toBe('');
  });
});

/** What a user of the embedded depot sees. */
async function loadedNow(): Promise<unknown> {
  const repository = zone.embedded(`git/${GIT}/ops/line-a.git`);
  return {
    index: JSON.parse(await readFile(zone.embedded('index.json'), 'utf8')),
    refs: await mustRun('git', ['-C', repository, 'for-each-ref'], { env: gitEnvironment() }),
    fsck: await mustRun('git', ['-C', repository, 'fsck', '--strict'], { env: gitEnvironment() }),
    file: await readFile(zone.embedded('files/tools/tool.bin'), 'latin1'),
    blobs: (await rightBlobs(zone.embedded())).sort(),
  };
}
