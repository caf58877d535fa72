import { simulatedRelease, testKey } from '@gapferry/bundle/testing';
import type { Digest, ReleaseFiles } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { first, Inside, ITEMS, secondRelease } from './testing/inside.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

/** The code of the refusal; the target was not even asked, and the ledger and the mark know nothing of it. */
async function refusal(address = first): Promise<string> {
  const spied = recordCalls(inside.target);
  const before = { entries: inside.ledger.entries.length, mark: inside.marks.get('line-a') };
  const error = await inside.importRelease(address, { targets: new Map([['depot', spied.object]]) }).then(
    () => ({ code: 'imported' }),
    (thrown: { code: string }) => thrown,
  );
  expect(spied.calls).toEqual([]);
  expect(inside.ledger.entries).toHaveLength(before.entries);
  expect(inside.marks.get('line-a')).toBe(before.mark);
  return error.code;
}

function bend(change: (files: ReleaseFiles) => Partial<ReleaseFiles>): void {
  const files = inside.releases.releases.get('line-a/1') as ReleaseFiles;
  inside.releases.releases.set('line-a/1', { ...files, ...change(files) });
}

function flip(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const middle = copy.byteLength >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

describe('a byte on the stick is flipped', () => {
  it('in any blob: the item is named', async () => {
    await inside.carryFirst();
    const { opened } = await inside.verify();
    for (const [digest, bytes] of [...inside.blobs.blobs]) {
      inside.blobs.blobs.set(digest, flip(bytes));
      const owners = opened.manifest.items.filter((item) => item.blobs.includes(digest));
      const named = owners.length > 0 ? `${owners[0]?.kind} ${owners[0]?.id}` : 'git git.example/ops/line-a';
      await expect(inside.verify()).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        message: expect.stringContaining(named),
      });
      expect(await refusal()).toBe('DIGEST_MISMATCH');
      inside.blobs.blobs.set(digest, bytes);
    }
  });

  it('in the manifest', async () => {
    await inside.carryFirst();
    bend(({ manifest }) => ({ manifest: flip(manifest) }));
    expect(await refusal()).toBe('DIGEST_MISMATCH');
  });

  it('in packs.json', async () => {
    await inside.carryFirst();
    bend(({ packs }) => ({ packs: flip(packs ?? new Uint8Array()) }));
    expect(await refusal()).toBe('DIGEST_MISMATCH');
  });

  it('in the statement', async () => {
    await inside.carryFirst();
    bend(({ statement }) => ({ statement: flip(statement) }));
    expect(await refusal()).toMatch(/SIGNATURE_INVALID|KEY_UNKNOWN/);
  });
});

describe('a blob is missing', () => {
  it('and every item that needs it is named', async () => {
    await inside.carryFirst({ images: { 'docker.io/org/a:1': 'same', 'docker.io/org/a:2': 'same' } });
    const { opened } = await inside.verify();
    inside.blobs.blobs.delete(opened.manifest.items[0]?.blobs[0] as Digest);
    await expect(inside.verify()).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      data: { items: ['image docker.io/org/a:1', 'image docker.io/org/a:2'] },
    });
    expect(await refusal()).toBe('BLOB_MISSING');
  });
});

describe('somebody sends what is not theirs to send', () => {
  it('a release signed by a stranger', async () => {
    await inside.carry(simulatedRelease(ITEMS), testKey('stranger'));
    expect(await refusal()).toBe('KEY_UNKNOWN');
  });

  it('a release signed by a revoked key', async () => {
    await inside.carryFirst();
    inside.trust.channels['line-a'].deny = { keys: ['collector'] };
    expect(await refusal()).toBe('KEY_DENIED');
  });

  it('a recalled release', async () => {
    const statement = await inside.carryFirst();
    inside.trust.channels['line-a'].deny = { releases: [statement] };
    expect(await refusal()).toBe('RELEASE_DENIED');
  });

  it('a release of a channel the site does not know', async () => {
    const release = simulatedRelease(ITEMS);
    release.predicate.channel = 'line-b';
    await inside.carry(release);
    expect(await refusal({ channel: 'line-b', sequence: 1 })).toBe('CHANNEL_UNKNOWN');
  });

  it('an image outside the scope of the channel', async () => {
    await inside.carryFirst();
    inside.trust.channels['line-a'].allow.images = ['ghcr.io/**'];
    expect(await refusal()).toBe('SCOPE_VIOLATION');
  });
});

describe('somebody plays an old release again', () => {
  it('after a newer one: refused', async () => {
    const previous = await inside.carryFirst();
    await inside.carry(simulatedRelease({ ...ITEMS, files: { 'k3s/k3s': 'newer' } }, 2, previous));
    await inside.importRelease(first);
    await inside.importRelease(secondRelease);
    expect(await refusal(first)).toBe('ROLLBACK');
  });

  it('also where the target was emptied: the mark belongs to the site', async () => {
    const previous = await inside.carryFirst();
    await inside.carry(simulatedRelease(ITEMS, 2, previous));
    await inside.importRelease(secondRelease);
    inside.target.names.clear();
    inside.target.store.blobs.clear();
    expect(await refusal(first)).toBe('ROLLBACK');
  });

  it('while the plan waits to be confirmed: the mark is judged again', async () => {
    const previous = await inside.carryFirst();
    await inside.carry(simulatedRelease(ITEMS, 2, previous));
    const plan = await inside.plan(first);
    await inside.importRelease(secondRelease);
    const { length } = inside.ledger.entries;
    await expect(inside.apply(plan)).rejects.toMatchObject({ code: 'ROLLBACK' });
    expect(inside.ledger.entries).toHaveLength(length);
  });

  it('or another release under the same number', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    inside.releases.releases.clear();
    await inside.carryFirst({ files: { other: 'other' } });
    expect(await refusal()).toBe('FORK');
  });

  it('or a next one with another past', async () => {
    await inside.carryFirst();
    await inside.importRelease();
    await inside.carry(simulatedRelease(ITEMS, 2, `sha256:${'0'.repeat(64)}` as Digest));
    expect(await refusal(secondRelease)).toBe('FORK');
  });
});

describe('the stick answers differently the second time', () => {
  it('nothing has a name when the load notices', async () => {
    await inside.carryFirst();
    const plan = await inside.plan();
    const victim = plan.steps.find((step) => step.item === 'image docker.io/library/redis:7');
    const digest = victim?.content?.kind === 'oci' ? victim.content.root.digest : undefined;
    inside.blobs.blobs.set(
      digest as Digest,
      flip(inside.blobs.blobs.get(digest as Digest) ?? new Uint8Array()),
    );
    await expect(inside.apply(plan)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('image docker.io/library/redis:7 at target depot'),
    });
    expect(inside.target.names.size).toBe(0);
    expect(inside.story).toEqual(['import.began', 'import.stopped']);
  });

  it('also when it is only shorter, or gone', async () => {
    for (const change of [(bytes: Uint8Array) => bytes.subarray(1), () => undefined]) {
      inside = new Inside();
      await inside.carryFirst();
      const plan = await inside.plan();
      const [digest, bytes] = [...inside.blobs.blobs][3] ?? [];
      const now = change(bytes as Uint8Array);
      if (now === undefined) inside.blobs.blobs.delete(digest as Digest);
      else inside.blobs.blobs.set(digest as Digest, now);
      await expect(inside.apply(plan)).rejects.toMatchObject({
        code: expect.stringMatching(/SIZE_MISMATCH|BLOB_MISSING/),
      });
      expect(inside.target.names.size).toBe(0);
    }
  });
});
