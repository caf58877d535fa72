import { add, type Loose, type SimulatedRelease } from '@gapferry/bundle/testing';
import { byDigest, type Load, type SizedDigest, type Target } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { expect } from 'vitest';
import { first, type Inside } from './inside.ts';

/** Gives the first item of a release a list that is a blob, and the blobs that go with it. `bytes`: the list. Returns the member of the item. */
export function listAsBlob(
  release: SimulatedRelease,
  listed: readonly SizedDigest[],
  bytes: Uint8Array,
): { readonly list: Loose } {
  const list = add(release.blobs, Buffer.from(bytes).toString());
  const all = [...listed.map(({ digest, size }) => ({ digest, size })), list].sort(byDigest);
  release.manifest.items[0].blobs = all.map(({ digest }) => digest);
  release.manifest.blobs = all;
  return { list: { mediaType: 'application/json', ...list } };
}

/** What the target is asked for when the release is planned. */
export async function plannedLoads(inside: Inside, release: SimulatedRelease): Promise<Load[]> {
  await inside.carry(release);
  const spied = recordCalls<Target>(inside.target);
  await inside.plan(first, { targets: new Map([['depot', spied.object]]) });
  return spied.calls.map(({ args }) => args[0] as Load);
}

/** The release is refused as made wrong, before a target is asked for anything. */
export async function expectInvalid(inside: Inside, release: SimulatedRelease): Promise<void> {
  await inside.carry(release);
  const spied = recordCalls<Target>(inside.target);
  const planned = inside.plan(first, { targets: new Map([['depot', spied.object]]) });
  await expect(planned).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  expect(spied.calls).toEqual([]);
}
