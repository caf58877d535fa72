import { createHash } from 'node:crypto';
import { parseBundleConfig } from '@gapferry/bundle';
import { type Holding, MEDIA_TYPES, quietRun, type RunEvent, wishDigest } from '@gapferry/core';
import { fixedClock, memoryBlobStore } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { dateContent } from './date-content.ts';

const cvd = (body: string): Buffer => {
  const md5 = createHash('md5').update(body).digest('hex');
  return Buffer.from(`${`ClamAV-VDB:x:1:1:90:${md5}:nobody:raynman:1773100800`.padEnd(512)}${body}`);
};

/** All three databases of a line as they were fetched. */
async function dated(more: string, now: string) {
  const line = `{kind: clamav-db, from: "https://av.example/db"${more}}`;
  const text = `format: gapferry.bundle/1\nname: line-a\ncontent: [${line}]`;
  const config = parseBundleConfig(text, 'bundle.yaml', (url) => url);
  const store = memoryBlobStore();
  const holdings: Holding[] = [];
  for (const wish of config.wishes) {
    if (wish.kind !== 'file' || !('url' in wish)) throw new Error('no file');
    const { as: id, url } = wish;
    const root = await store.add(MEDIA_TYPES.octets, cvd(id), quietRun());
    holdings.push({
      kind: 'file',
      pin: { kind: 'file', id, wish: wishDigest(wish), url, sha256: root.digest },
      root,
    });
  }
  const events: RunEvent[] = [];
  const run = { ...quietRun(), emit: (event: RunEvent) => events.push(event) };
  return { found: await dateContent({ config, holdings, store, clock: fixedClock(now) }, run), events };
}

describe('content that was fetched', () => {
  it('gets the date that it has itself, and a warning where that is too long ago', async () => {
    const { found, events } = await dated(', unsigned: true, maxAge: 1d', '2026-03-12T00:00:00Z');
    const content = { kind: 'clamav-db', updated: '2026-03-10T00:00:00Z' };
    expect(found.map((holding) => ('content' in holding ? holding.content : undefined))).toEqual([
      content,
      { ...content, maxAge: 86_400 },
      content,
    ]);
    expect(events).toEqual([expect.objectContaining({ kind: 'warning', item: 'clamav/daily.cvd' })]);
    expect(found[0]).toMatchObject({ checked: [] });
  });

  it('is refused where it is too old, and bundle.yaml says so', async () => {
    await expect(
      dated(', unsigned: true, maxAge: 1d, old: refuse', '2026-03-12T00:00:00Z'),
    ).rejects.toMatchObject({
      code: 'CONTENT_TOO_OLD',
      category: 'trust',
      message:
        'file clamav/daily.cvd (clamav-db) is of 2026-03-10T00:00:00Z: older than the 1 day that it may have',
    });
    const { events } = await dated(', unsigned: true, maxAge: 2d, old: refuse', '2026-03-12T00:00:00Z');
    expect(events).toEqual([]);
  });

  it('is refused where ClamAV did not sign it, and nobody said that it need not', async () => {
    await expect(dated('', '2026-03-11T00:00:00Z')).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      hint: expect.stringContaining('unsigned: true'),
    });
  });
});
