import { attach, filterIndex, type Loose, simulatedRelease } from '@gapferry/bundle/testing';
import { type Digest, digestOf, type SizedDigest } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { planRelease } from './plan-release.ts';
import { provingMedium } from './proving-medium.ts';
import { first, Inside, ITEMS } from './testing/inside.ts';

const NGINX = 'docker.io/library/nginx:1.27';
/** Blobs that only sending reads: a layer, a chart's archive, a pack, a file. */
const SENT: readonly [string, string][] = [
  [`image ${NGINX}`, 'layer of nginx'],
  ['chart ghcr.io/org/charts/app:1.0.0', 'archive of app'],
  ['file k3s/k3s', 'k3s binary'],
  ['git git.example/ops/line-a', ''],
];

let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst();
});

function spied() {
  const { object, calls } = recordCalls(inside.medium);
  const opened = () => calls.filter(({ method }) => method === 'open').map(({ args }) => blobIn(args));
  return { medium: object, calls, opened };
}

function blobIn(args: readonly unknown[]): Digest {
  return (args[0] as SizedDigest).digest;
}

function digestIn(text: string): Digest {
  if (text !== '') return digestOf(text);
  return [...inside.blobs.blobs].find(([, bytes]) => Buffer.from(bytes).includes('pack of'))?.[0] as Digest;
}

/** Twice is as before. */
function damage(digest: Digest): void {
  const bytes = Uint8Array.from(inside.blobs.blobs.get(digest) ?? []);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  inside.blobs.blobs.set(digest, bytes);
}

function rootOf(image: string): Digest {
  return simulatedRelease(ITEMS).manifest.items.find(({ id }: Loose) => id === image).root.digest;
}

describe('an import in one pass', () => {
  it('reads what it sends once, checks nothing before, and says so in record and ledger', async () => {
    const { medium, calls, opened } = spied();
    const { kind, record } = await inside.importInOnePass(medium);
    expect(kind).toBe('loaded');
    expect(record.onePass).toEqual({ notRead: 0 });
    for (const [, text] of SENT)
      expect(opened().filter((digest) => digest === digestIn(text))).toHaveLength(1);
    expect(new Set(opened()).size).toBe(inside.blobs.blobs.size);
    expect(calls.filter(({ method }) => method === 'check').map(({ args }) => args[0])).toEqual([[]]);
    expect(inside.ledger.entries.find(({ kind }) => kind === 'import.began')?.data).toMatchObject({
      onePass: true,
    });
  });

  it('leaves an import that verifies first as it is', async () => {
    const { record } = await inside.importRelease();
    expect(record).not.toHaveProperty('onePass');
    expect(inside.ledger.entries[0]?.data).not.toHaveProperty('onePass');
  });

  it.each(SENT)(
    'with damage in %s stops before the barrier, names it, and shows nothing',
    async (item, text) => {
      damage(digestIn(text));
      await expect(inside.importInOnePass()).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        message: expect.stringContaining(item),
        hint: expect.stringContaining('nothing is visible'),
      });
      expect(inside.target.names.size).toBe(0);
      expect(inside.story).toEqual(['import.began', 'import.stopped']);
      expect(inside.receipts.size).toBe(0);
      damage(digestIn(text));
      expect((await inside.importInOnePass()).kind).toBe('loaded');
    },
  );

  it('with a damaged manifest is refused before a target is asked for anything, and names the item', async () => {
    damage(rootOf(NGINX));
    const target = recordCalls(inside.target);
    const swap = { targets: new Map([['depot', target.object]]) };
    await expect(inside.importInOnePass(inside.medium, swap)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`image ${NGINX}`),
      hint: expect.stringContaining('nothing was loaded'),
    });
    expect(target.calls).toEqual([]);
    expect(inside.story).toEqual([]);
  });

  it('with a blob that is missing or cut is refused before a target is asked for anything', async () => {
    const layer = digestIn('layer of nginx');
    inside.blobs.blobs.delete(layer);
    const refused = { message: expect.stringContaining(`image ${NGINX}`) };
    await expect(inside.importInOnePass()).rejects.toMatchObject({ code: 'BLOB_MISSING', ...refused });
    inside.blobs.blobs.set(layer, Buffer.from('layer'));
    await expect(inside.importInOnePass()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', ...refused });
    expect(inside.story).toEqual([]);
  });

  it('does not read what the targets have, which the barrier proves there', async () => {
    await inside.importRelease();
    for (const [, text] of SENT) damage(digestIn(text));
    const { medium, opened } = spied();
    const { kind, record } = await inside.importInOnePass(medium);
    expect(kind).toBe('unchanged');
    expect(record.onePass).toEqual({ notRead: inside.blobs.blobs.size - new Set(opened()).size });
    for (const [, text] of SENT) expect(opened()).not.toContain(digestIn(text));
  });
});

describe('what an import in one pass does not send', () => {
  beforeEach(async () => {
    inside = new Inside();
    const release = simulatedRelease({ images: { [NGINX]: 'nginx' } });
    const upstream = filterIndex(release, NGINX);
    attach(release, NGINX, { subject: upstream.digest, tag: 'sig', text: 'upstream signed' });
    await inside.carry(release);
  });

  it('is hashed before the first effect', async () => {
    const { record } = await inside.importInOnePass();
    expect(record.onePass).toEqual({ notRead: 0 });
    expect(inside.target.store.blobs.has(digestOf('upstream signed'))).toBe(false);
  });

  it('is refused before the first effect when it is damaged', async () => {
    damage(digestOf('upstream signed'));
    await expect(inside.importInOnePass()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`image ${NGINX}`),
    });
    expect([inside.story, inside.target.log]).toEqual([[], []]);
  });
});

it('no part of an import in one pass reads past what remembers', async () => {
  await expect(inside.verify(first, undefined, { onePass: true })).rejects.toMatchObject({
    code: 'INTERNAL',
  });
  const medium = provingMedium(inside.medium);
  const release = await inside.verify(first, undefined, { medium, onePass: true });
  const { rules, ledger, targets } = inside;
  const plan = await planRelease(
    { release, rules, ledger, targets, medium },
    { signal: AbortSignal.any([]), emit: () => {} },
  );
  await expect(inside.apply(plan, { medium: inside.medium })).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(inside.story).toEqual([]);
});
