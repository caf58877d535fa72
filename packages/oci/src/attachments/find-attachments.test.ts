import { type Digest, digestOf, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { wantedOf } from './attachment-finder.ts';
import type { AttachmentWord } from './attachment-words.ts';
import { type FoundAttachment, findAttachments } from './find-attachments.ts';

const digest = (name: string): Digest => digestOf(name);
const attached = (subject: string, name: string, words: AttachmentWord[] = []): FoundAttachment => ({
  subject: digest(subject),
  root: { mediaType: MEDIA_TYPES.ociManifest, digest: digest(name), size: 1 },
  words,
});
const find = (from: string, all: readonly FoundAttachment[], asked: Digest[] = []) =>
  findAttachments(
    [digest(from)],
    async (subject) => {
      asked.push(subject);
      return all.filter((one) => one.subject === subject);
    },
    'host/app:1',
    quietRun(),
  );

describe('what belongs to an image', () => {
  it('is found through what belongs to it, each asked once', async () => {
    const all = [
      attached('image', 'sbom'),
      attached('sbom', 'sig'),
      attached('image', 'sig'),
      attached('sig', 'time'),
    ];
    const asked: Digest[] = [];
    expect(await find('image', all, asked)).toHaveLength(4);
    expect(asked.sort()).toEqual(['image', 'sbom', 'sig', 'time'].map(digest).sort());
  });

  it.each([1, 2, 3])('is refused when it belongs to itself, %d below', async (below) => {
    const names = ['image', 'a', 'b', 'c'].slice(0, below);
    const ring = names.map((name, at) => attached(name, names[at + 1] ?? 'image'));
    await expect(find('image', ring)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('attached to itself'),
    });
  });

  it('may be four deep and not five', async () => {
    const chain = ['image', '1', '2', '3', '4', '5'];
    const upTo = (depth: number) =>
      find(
        'image',
        chain.slice(0, depth).map((name, at) => attached(name, chain[at + 1] ?? '')),
      );
    expect(await upTo(4)).toHaveLength(4);
    await expect(upTo(5)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('may be 500 and not 501', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => attached('image', `a${at}`));
    expect(await find('image', many(500))).toHaveLength(500);
    await expect(find('image', many(501))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('is wanted by its kind, and only below what is wanted', () => {
    const found = [
      attached('image', 'sbom', ['sbom']),
      attached('sbom', 'sbom-signature', ['signature']),
      attached('image', 'signature', ['signature']),
    ];
    const chosen = (types: string[] | undefined) =>
      wantedOf({ subjects: [digest('image')], found }, types && { types }).map(({ root }) => root.digest);
    expect(chosen(undefined)).toHaveLength(3);
    expect(chosen(['signature'])).toEqual([digest('signature')]);
    expect(chosen(['sbom'])).toEqual([digest('sbom')]);
    expect(chosen(['sbom', 'signature'])).toHaveLength(3);
  });
});
