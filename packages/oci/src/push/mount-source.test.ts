import { digestOf, quietRun, type SizedDigest } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type MemoryBlobStore,
  memoryBlobStore,
  type RegistryOptions,
  seededBuffer,
  startRegistry,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createRegistryWriter, type RegistryWriter } from './registry-writer.ts';

const http = createHttpClient();
const item = 'docker.io/library/app:1';
const bytes = seededBuffer(2500, 'mounted');
const blob: SizedDigest = { digest: digestOf(bytes), size: bytes.byteLength };
const store: MemoryBlobStore = memoryBlobStore();
store.blobs.set(blob.digest, bytes);

const methods = (registry: TestRegistry): string[] => registry.requests.map(({ method }) => method);

interface Mounting {
  readonly registry: TestRegistry;
  push(mountFrom: readonly string[]): Promise<{ readonly sent: number }>;
}

/** A registry that has the blob in `base/os`, and how to push it to `team/app`. */
async function withBlob(options: RegistryOptions = {}, client = http): Promise<Mounting> {
  const registry = await startRegistry(options);
  const writer: RegistryWriter = createRegistryWriter(client, { chunkSize: 1000 });
  await writer.pushBlob(`${registry.host}/base/os`, blob, store, { item }, quietRun());
  const push: Mounting['push'] = (mountFrom) =>
    writer.pushBlob(`${registry.host}/team/app`, blob, store, { item, absent: true, mountFrom }, quietRun());
  return { registry, push };
}

describe('mounting a blob', () => {
  it('sends nothing when another repository has it', async () => {
    const { push, registry } = await withBlob();
    const before = registry.requests.length;
    expect(await push([`${registry.host}/base/os`])).toEqual({ sent: 0 });
    expect(methods(registry).slice(before)).toEqual(['POST']);
    expect(registry.hasBlob('team/app', blob.digest)).toBe(true);
    await registry.close();
  });

  it('uses the session that a mount without effect has opened', async () => {
    const { push, registry } = await withBlob({ quirks: { neverMounts: true } });
    const before = registry.requests.length;
    expect(await push([`${registry.host}/base/os`])).toEqual({ sent: 2500 });
    expect(methods(registry).slice(before)).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH', 'PUT']);
    expect(registry.openUploads).toBe(0);
    await registry.close();
  });

  it('asks which of several repositories has it, and leaves other registries out', async () => {
    const { push, registry } = await withBlob();
    const names = ['base/none', 'base/os', 'base/other'].map((name) => `${registry.host}/${name}`);
    expect(await push(['other.example/base/os', ...names])).toEqual({ sent: 0 });
    expect(registry.openUploads).toBe(0);
    await registry.close();
  });

  it('sends what it may not mount', async () => {
    const { push, registry } = await withBlob();
    registry.addFault({ match: ({ query }) => query.has('mount'), do: { kind: 'status', status: 403 } });
    expect(await push([`${registry.host}/base/os`])).toEqual({ sent: 2500 });
    await registry.close();
  });

  it('mounts with a token for both repositories', async () => {
    const auth = { kind: 'bearer', username: 'u', password: 'p' } as const;
    const known = createHttpClient({ credentials: async () => auth });
    const { push, registry } = await withBlob({ auth }, known);
    expect(await push([`${registry.host}/base/os`])).toEqual({ sent: 0 });
    known.close();
    await registry.close();
  });
});
