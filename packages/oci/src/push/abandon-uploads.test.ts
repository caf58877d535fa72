import { readdir, utimes } from 'node:fs/promises';
import { digestOf, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { startRegistry, type TestRegistry, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it, vi } from 'vitest';
import { fileUploadJournal } from './file-upload-journal.ts';
import { createRegistryWriter } from './registry-writer.ts';

const run = quietRun();
const digests = ['a layer', 'another'].map((text) => digestOf(Buffer.from(text)));

/** A registry with an upload that was begun and not ended for each of the digests, which are remembered; what remains of both afterwards. */
async function abandoned(
  prepare: (registry: TestRegistry) => void,
  places: (host: string) => string[],
  days = 3,
) {
  await using registry = await startRegistry();
  await using home = await temporaryDirectory();
  const journal = fileUploadJournal(home.join('uploads'));
  const http = createHttpClient({ wait: async () => {}, onlyHosts: [registry.host] });
  for (const [i, repository] of places(registry.host).entries()) {
    const begun = await fetch(`${registry.url}/v2/team/app/blobs/uploads/`, { method: 'POST' });
    const location = new URL(begun.headers.get('location') ?? '', begun.url).href;
    await journal.put(
      { repository, digest: digests[i] ?? digestOf(Buffer.alloc(0)) },
      { location, offset: 0 },
    );
  }
  const then = new Date(Date.now() - days * 86_400_000);
  for (const name of await readdir(home.join('uploads')))
    await utimes(home.join('uploads', name), then, then);
  prepare(registry);
  await createRegistryWriter(http, { journal, wait: async () => {} }).abandonUploads(run);
  http.close();
  return { open: registry.openUploads, remembered: (await journal.list()).length };
}

const own = (host: string): string[] => [`${host}/team/app`, `${host}/team/app`];

describe('uploads that nobody needs any more', () => {
  it('are cancelled and forgotten', async () => {
    expect(await abandoned(() => {}, own)).toEqual({ open: 0, remembered: 0 });
  });

  it('are kept for whoever goes on with them within two days', async () => {
    expect(await abandoned(() => {}, own, 1)).toEqual({ open: 2, remembered: 2 });
  });

  it('are forgotten where they are gone, or may not be cancelled', async () => {
    const refuse = (status: number) => (registry: TestRegistry) =>
      registry.addFault({ match: ({ method }) => method === 'DELETE', do: { kind: 'status', status } });
    expect(await abandoned(refuse(404), own)).toMatchObject({ remembered: 0 });
    expect(await abandoned(refuse(405), own)).toMatchObject({ remembered: 0 });
  });

  it('are kept for another time where the registry has trouble', async () => {
    const trouble = (registry: TestRegistry) =>
      registry.addFault({ match: ({ method }) => method === 'DELETE', do: { kind: 'status', status: 503 } });
    expect(await abandoned(trouble, own)).toEqual({ open: 2, remembered: 2 });
  });

  it('are not waited for one after the other where the registry says nothing', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 200);
      return stop.signal;
    });
    let asked = 0;
    const stall = (registry: TestRegistry) =>
      registry.addFault({
        match: ({ method }) => method === 'DELETE' && ++asked > 0,
        do: { kind: 'stall' },
      });
    const many = (host: string) => Array.from({ length: 9 }, (_, i) => `${host}/team/app${i}`);
    expect(await abandoned(stall, many)).toMatchObject({ remembered: 9 });
    vi.restoreAllMocks();
    expect(asked).toBeLessThan(5);
  });

  it('of a registry that the target is no more are only forgotten', async () => {
    const elsewhere = (): string[] => ['registry.elsewhere.example/team/app'];
    expect(await abandoned(() => {}, elsewhere)).toMatchObject({ remembered: 0 });
  });
});
