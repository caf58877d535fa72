import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { cannotUnshare, readOnlyAt, WITHOUT_NETWORK } from '../support/namespaces.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { makeZone, type Zone } from './zone.ts';

const SITE = ['--site', 'site/site.yaml', '--yes'];
let zone: Zone;
beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(() => zone.close());

const atSite = (...parts: readonly string[]): string => join(zone.inside.directory, 'site', ...parts);
const importing = (exitCode: number, which = '', site = SITE): Promise<Reported> =>
  gapferryJson(zone.inside, ['import', `${zone.stick}${which}`, ...site], exitCode);

async function pinAgain(): Promise<void> {
  const shown = await gapferryJson(zone.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { digest } = shown['fingerprint'] as { readonly digest: string };
  const typed = ['trust', 'pin', '--site', 'site/site.yaml', '--fingerprint', digest];
  await gapferryJson(zone.inside, typed);
}

describe('a medium that cannot be written', { timeout: 60_000 }, () => {
  it('with foreign files on it is imported, and nothing on it changes', async () => {
    await mkdir(join(zone.stick, 'DCIM'));
    await writeFile(join(zone.stick, 'DCIM/holiday.jpg'), 'not a release');
    await writeFile(join(zone.stick, 'autorun.inf'), 'not a release either');
    await writeFile(join(zone.stick, 'blobs/sha256/README'), 'nor a blob');
    const before = await treeDigest(zone.stick);
    expect(await importing(0)).toMatchObject({ kind: 'loaded' });
    expect(await treeDigest(zone.stick)).toBe(before);
  });

  it.skipIf(cannotUnshare('--mount'))('is imported from a read-only mount', async () => {
    const readOnly = { ...zone.inside, through: readOnlyAt(zone.stick) };
    const before = await treeDigest(zone.stick);
    await rm(zone.embedded(), { recursive: true });
    const { record } = (await gapferryJson(readOnly, ['import', zone.stick, ...SITE])) as Reported & {
      record: { status: string };
    };
    expect(record.status).toBe('loaded');
    await gapferryJson(readOnly, ['verify', zone.stick, '--site', 'site/site.yaml']);
    expect(await treeDigest(zone.stick)).toBe(before);
  });

  it.skipIf(cannotUnshare('--net'))('is imported where there is no network at all', async () => {
    await rm(zone.embedded(), { recursive: true });
    const alone = { ...zone.inside, through: WITHOUT_NETWORK };
    expect(await gapferryJson(alone, ['import', zone.stick, ...SITE])).toMatchObject({ kind: 'loaded' });
  });
});

describe('the mark of a site', { timeout: 60_000 }, () => {
  const older = '#line-a/1';

  it('refuses the older release once the newer one is loaded', async () => {
    await zone.upstream.change();
    await zone.collect('--version', '1.1.0');
    await zone.export();
    expect(await zone.import()).toMatchObject({ kind: 'loaded', record: { sequence: 2 } });
    const before = await treeDigest(zone.embedded());
    const { error } = await importing(4, older);
    expect(error).toMatchObject({ code: 'ROLLBACK', origin: 'medium' });
    expect(error?.message).toMatch(/1.*2|2.*1/);
    expect(await treeDigest(zone.embedded())).toBe(before);
  });

  it('does not depend on the embedded depot', async () => {
    await rename(zone.embedded(), zone.path('put-aside'));
    expect((await importing(4, older)).error?.code).toBe('ROLLBACK');
    expect(await treeDigest(zone.embedded())).toBe('none');
    await rename(zone.path('put-aside'), zone.embedded());
  });

  it('does not depend on which depot is the target', async () => {
    const text = await readFile(atSite('site.yaml'), 'utf8');
    await writeFile(atSite('other.yaml'), text.replace('path: embedded', 'path: other-depot'));
    const { error } = await importing(4, older, ['--site', 'site/other.yaml', '--yes']);
    expect(error?.code).toBe('ROLLBACK');
    expect(await treeDigest(atSite('other-depot'))).toBe('none');
  });

  it('is not forgotten silently: without the state the policy must be pinned again', async () => {
    await rename(atSite('state'), zone.path('state'));
    const { error } = await importing(4, older);
    expect(error).toMatchObject({ code: 'TRUST_NOT_PINNED', origin: 'site' });
    expect(error?.hint).toContain('trust pin');
    await rm(atSite('state'), { recursive: true, force: true });
    await rename(zone.path('state'), atSite('state'));
    expect(await importing(0)).toMatchObject({ kind: 'unchanged' });
  });

  it('is not lowered by an older state that is put back, and pinning again takes it from the ledger', async () => {
    const file = atSite('state/trust-state.json');
    const good = await readFile(file, 'utf8');
    const { marks: _, ...rest } = JSON.parse(good) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...rest, marks: { 'line-a': { sequence: 1 } } }));
    for (const args of [
      ['import', `${zone.stick}${older}`, ...SITE],
      ['status', '--site', 'site/site.yaml'],
    ]) {
      const { error } = await gapferryJson(zone.inside, args, 4);
      expect(error).toMatchObject({
        code: 'TRUST_MISMATCH',
        origin: 'site',
        message: expect.stringMatching(/line-a stands at 1.*entry \d+ .* tells of number 2/),
        hint: expect.stringContaining('trust pin'),
      });
    }
    for (const lost of [false, true]) {
      if (lost) await rm(file);
      await pinAgain();
      expect((await importing(4, older)).error?.code).toBe('ROLLBACK');
      expect(await importing(0)).toMatchObject({ kind: 'unchanged' });
    }
  });

  it('stands when state is there but cannot be read', async () => {
    const file = atSite('state/trust-state.json');
    const good = await readFile(file);
    await writeFile(file, good.subarray(0, 40));
    expect((await importing(8)).error).toMatchObject({ code: 'STORAGE_FAILED' });
    await writeFile(file, good);
  });
});

describe('the pinned policy', { timeout: 60_000 }, () => {
  it('is the only one: a changed file is refused with both versions', async () => {
    const good = await readFile(atSite('trust.yaml'));
    await writeFile(atSite('trust.yaml'), String(good).replace('files: ["**"]', 'files: ["tools/**"]'));
    const { error } = await importing(4);
    expect(error).toMatchObject({ code: 'TRUST_MISMATCH', origin: 'site' });
    expect(error?.data).toMatchObject({ pinned: { version: 1 }, found: { version: 1 } });
    await writeFile(atSite('trust.yaml'), `${good}# a comment is no change\n`);
    expect(await importing(0)).toMatchObject({ kind: 'unchanged' });
    await writeFile(atSite('trust.yaml'), good);
  });

  it('covers the keys it names', async () => {
    const key = atSite('keys/collector.pub');
    const good = await readFile(key);
    await cp(join(zone.inside.directory, 'site/keys/plant-7.pub'), key);
    expect((await importing(4)).error?.code).toBe('TRUST_MISMATCH');
    await writeFile(key, good);
    expect(await importing(0)).toMatchObject({ kind: 'unchanged' });
  });
});

it('never reached for the network', async () => {
  expect(await zone.reached()).toBe('');
});
