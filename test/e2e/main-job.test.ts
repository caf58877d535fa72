import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { flipByte, mustRun } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeZone, type Zone } from './zone.ts';

let zone: Zone;
beforeAll(async () => {
  zone = await makeZone('discover');
}, 60_000);
afterAll(() => zone.close());

describe('the main job', { timeout: 60_000 }, () => {
  it('collects one of everything into a sealed release', async () => {
    const sealed = await zone.collect('--first', '--version', '1.0.0');
    expect(sealed).toMatchObject({
      ok: true,
      kind: 'sealed',
      release: { channel: 'line-a', sequence: 1 },
      version: '1.0.0',
      totals: { items: 5 },
    });
  });

  it('carries it, proves it and loads it', async () => {
    await zone.export();
    expect(await gapferryJson(zone.inside, ['verify', zone.stick, '--site', 'site/site.yaml'])).toMatchObject(
      { items: 5, mark: 'newer' },
    );
    expect(await zone.import()).toMatchObject({
      kind: 'loaded',
      record: { version: '1.0.0' },
      receipt: { status: 'loaded', sequence: 1 },
    });
  });

  it('gives Git the same commits and files the same bytes', async () => {
    const refs = await mustRun('git', [
      '-C',
      zone.embedded('git/git.upstream.example/ops/line-a.git'),
      'for-each-ref',
      '--format=%(refname) %(objectname)',
    ]);
    expect(
      Object.fromEntries(
        refs
          .trim()
          .split('\n')
          .map((line) => line.split(' ')),
      ),
    ).toEqual(await zone.upstream.git.refs());
    const sums = await mustRun('sha256sum', [zone.embedded('files/tools/tool.bin')]);
    expect(await readFile(join(zone.outside.directory, 'bundles/line-a/bundle.yaml'), 'utf8')).toContain(
      sums.slice(0, 64),
    );
  });

  it('says so when nothing changed, on both sides', async () => {
    expect(await zone.collect()).toMatchObject({ kind: 'unchanged', release: { sequence: 1 } });
    expect(await zone.import()).toMatchObject({ kind: 'unchanged' });
  });

  it('tells what the next day brings, and brings it', async () => {
    await zone.upstream.change();
    expect(await zone.collect('--version', '1.1.0')).toMatchObject({
      kind: 'sealed',
      release: { sequence: 2 },
    });
    const { diff } = await gapferryJson(zone.outside, ['diff', 'depot#line-a/1', 'depot#line-a/2']);
    const { changes } = diff as { changes: Array<Record<string, unknown>> };
    expect(changes.map(({ change, kind }) => `${kind} ${change}`)).toEqual([
      'chart updated',
      'git refs',
      'image moved',
    ]);
    await zone.export();
    expect(await zone.import()).toMatchObject({ kind: 'loaded', record: { sequence: 2 } });
  });

  it('refuses the older release afterwards', async () => {
    const refused = await gapferryJson(
      zone.inside,
      ['import', `${zone.stick}#line-a/1`, '--site', 'site/site.yaml', '--yes'],
      4,
    );
    expect(refused).toMatchObject({ ok: false, error: { code: 'ROLLBACK' } });
  });

  it('refuses a stick with one flipped byte and names the item', async () => {
    const manifest = JSON.parse(
      await readFile(join(zone.stick, 'releases/line-a/2/manifest.json'), 'utf8'),
    ) as { items: Array<{ kind: string; id: string; root: { digest: string } }> };
    const file = manifest.items.find((item) => item.kind === 'file');
    await flipByte(join(zone.stick, 'blobs/sha256', file?.root.digest.slice(7) ?? ''), 1000);
    const refused = await gapferryJson(zone.inside, ['verify', zone.stick, '--site', 'site/site.yaml'], 4);
    expect(refused).toMatchObject({
      error: { code: 'DIGEST_MISMATCH', data: { items: ['file tools/tool.bin'] } },
    });
  });

  it('tells what happens as JSON lines for those who ask', async () => {
    const log = join(zone.outside.directory, 'events.ndjson');
    await gapferryJson(zone.outside, [
      'verify',
      'depot',
      '--trust',
      `${zone.inside.directory}/site/trust.yaml`,
      '--events',
      log,
    ]);
    const events = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { at: string; kind: string });
    expect(events[0]).toMatchObject({
      kind: 'stage',
      stage: 'verify',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(events.some((event) => event.kind === 'bytes')).toBe(true);
    await gapferryJson(zone.outside, ['depot', 'ls', '--events', 'nowhere/log'], 2);
  });

  it('keeps an unbroken record on both sides', async () => {
    await gapferryJson(zone.outside, ['ledger', 'verify', 'depot']);
    await gapferryJson(zone.inside, ['ledger', 'verify', 'site/state']);
  });
});
