import { type Digest, digestOf, type FileContent, type FileName, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { openBucket } from '@gapferry/objects';
import { type PendingUpload, s3Target } from '@gapferry/targets';
import { describe, expect, it } from 'vitest';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { type Minio, startMinio } from './support/minio.ts';
import { lacks } from './support/tools.ts';

const MIB = 2 ** 20;
const PATH = 'images/large.tar';
const run = quietRun();

describe.skipIf(lacks('minio', 'boto3'))('an object that is larger than a store copies at once', () => {
  it('is copied by MinIO in ranges: byte for byte, with what proves it, and nothing is sent', async () => {
    await using minio = await startMinio();
    await using http = closing(createHttpClient({ onlyHosts: [minio.host] }));
    const bytes = Buffer.alloc(16 * MIB);
    for (let at = 0; at < bytes.byteLength; at += 4) bytes.writeUInt32LE(at, at);
    const digest = digestOf(bytes);
    await load(minio, http, '1.0.0', digest, bytes);
    await load(minio, http, '1.1.0', digest, undefined);
    const read = await boto3<ReadByBoto3[]>(minio, `answer(everything('plant'))`);
    expect(
      read
        .filter(({ key }) => key.endsWith('.tar'))
        .map(({ key, size, sha256, metadata }) => [
          key,
          size,
          `sha256:${sha256}` === digest,
          metadata['gapferry-release'],
        ]),
    ).toEqual([
      [`line-a/1.0.0/${PATH}`, bytes.byteLength, true, 'line-a/1.0.0'],
      [`line-a/1.1.0/${PATH}`, bytes.byteLength, true, 'line-a/1.1.0'],
      [`line-a/latest/${PATH}`, bytes.byteLength, true, 'line-a/1.0.0'],
    ]);
  });
});

type Http = ReturnType<typeof createHttpClient>;

/** `bytes`: absent where the medium has none. */
async function load(
  minio: Minio,
  http: Http,
  version: string,
  digest: Digest,
  bytes: Uint8Array | undefined,
): Promise<void> {
  const sequence = version === '1.0.0' ? 1 : 2;
  let pending: readonly PendingUpload[] = [];
  const target = s3Target({
    name: 'store',
    store: openBucket(http, {
      endpoint: minio.url,
      bucket: 'plant',
      region: 'us-east-1',
      pathStyle: true,
      credentials: { accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey },
    }),
    keys: '{channel}/{version}/{path}',
    release: { channel: 'line-a', version, sequence, statement: digestOf(version) },
    policy: {
      create: true,
      overwrite: 'refuse',
      foreign: 'refuse',
      legalHold: false,
      tags: {},
      latest: '{channel}/latest/{path}',
    },
    journal: {
      read: async () => pending,
      write: async (uploads) => {
        pending = uploads;
      },
    },
    clock: { now: () => new Date() },
    partSize: 5 * MIB,
    mostCopied: 6 * MIB,
  });
  const root = { mediaType: 'application/octet-stream', digest, size: 16 * MIB };
  const base = { kind: 'file', item: PATH, path: PATH, files: [{ path: PATH, root }] } as const;
  const content: FileContent = { phase: 'content', ...base };
  const name: FileName = { phase: 'name', ...base };
  const medium = {
    has: async () => bytes !== undefined,
    async *open() {
      if (bytes === undefined) throw new Error('the medium has no bytes of it');
      yield bytes;
    },
  };
  await target.preflight([content, name], run);
  await target.load(content, medium, run);
  await target.readBackAll([content], run);
  await target.loadNames([name], medium, run);
  expect(pending).toEqual([]);
}

function closing(http: Http): Http & AsyncDisposable {
  return Object.assign(http, { [Symbol.asyncDispose]: async () => void (await http.close()) });
}
