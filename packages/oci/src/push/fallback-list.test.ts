import { type Digest, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  makeArtifact,
  makeImage,
  makeIndex,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistryWriter } from './registry-writer.ts';

const writer = createRegistryWriter(createHttpClient({ wait: async () => {} }), { wait: async () => {} });
const image = await makeImage();
const [first, second] = ['first', 'second'].map((bytes) =>
  makeArtifact({
    configType: 'application/x-config',
    layers: [{ mediaType: 'text/plain', bytes }],
    subject: image.root,
    annotations: { 'org.example.by': bytes },
  }),
) as [TestImage, TestImage];
const tag = image.root.digest.replace(':', '-');
let registry: TestRegistry;

beforeEach(async () => {
  registry = await startRegistry({ referrers: false });
  registry.seedImage('app', '1', image);
  // Their blobs are there, and the lists are written by the writer.
  for (const one of [first, second]) {
    registry.seedImage('app', 'any', one);
    const options = { item: 'app' };
    const { digest } = one.root;
    await writer.pushManifest(at(), digest, one.root, one.manifest, options, quietRun());
  }
});
afterEach(() => registry.close());

const at = (): string => `${registry.host}/app`;
const unlist = (...deleted: readonly Digest[]): Promise<string> =>
  writer.unlistReferrers(at(), image.root.digest, deleted, quietRun());
const listed = async (): Promise<unknown> =>
  (await writer.referrers(at(), image.root.digest, quietRun())).map(({ digest }) => digest);

describe('a list of referrers without the API for it', () => {
  it('loses what was deleted, keeps the rest, and goes with the last of it', async () => {
    expect(await listed()).toEqual([first.root.digest, second.root.digest]);
    expect(await unlist(first.root.digest)).toBe('removed');
    expect(await listed()).toEqual([second.root.digest]);
    expect(await unlist(first.root.digest)).toBe('gone');
    expect(await unlist(second.root.digest)).toBe('removed');
    expect(registry.tagged('app', tag)).toBeUndefined();
    expect(await unlist(second.root.digest)).toBe('gone');
  });

  it('is left where the registry deletes nothing', async () => {
    registry.addFault({ match: ({ method }) => method === 'DELETE', do: { kind: 'status', status: 405 } });
    expect(await unlist(first.root.digest, second.root.digest)).toBe('unsupported');
    expect(await listed()).toEqual([first.root.digest, second.root.digest]);
  });

  it('is left where somebody else wrote another one meanwhile', async () => {
    await unlist(first.root.digest);
    const theirs = await makeIndex([first]);
    let asked = 0;
    registry.addFault({
      match: ({ url }) => {
        if (url.endsWith(tag) && ++asked === 2) registry.seedImage('app', tag, theirs);
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await unlist(second.root.digest);
    expect(await listed()).toEqual([first.root.digest]);
  });

  it('is told when somebody else wrote it at the same time', async () => {
    let isWritten = false;
    registry.addFault({
      match: ({ method, url }) => {
        if (isWritten && method === 'HEAD' && url.endsWith(tag)) registry.seedImage('app', tag, image);
        isWritten ||= method === 'PUT';
        return false;
      },
      do: { kind: 'status', status: 500 },
    });
    await expect(unlist(first.root.digest)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });
});
