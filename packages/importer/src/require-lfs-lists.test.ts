import { encodeLfsList, MAX_INLINE_LFS } from '@gapferry/bundle';
import {
  add,
  attachSigned,
  policyOf,
  type SimulatedRelease,
  signedCommit,
  simulatedRelease,
  testGitSignatureVerifier,
  testUpstreamVerifier,
  testVerifier,
} from '@gapferry/bundle/testing';
import { type BlobChecker, byDigest, type GitContent, type LfsObject, quietRun } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireLfsLists } from './require-lfs-lists.ts';
import { expectInvalid, listAsBlob, plannedLoads } from './testing/carry-list.ts';
import { first, Inside, ITEMS } from './testing/inside.ts';
import { verifyRelease } from './verify-release.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

interface Listed {
  readonly release: SimulatedRelease;
  readonly objects: readonly LfsObject[];
}

/** A repository with more LFS objects than stand in line; `say` makes the list that is signed. */
function listed(
  say: (objects: readonly LfsObject[]) => Uint8Array = encodeLfsList,
  count = MAX_INLINE_LFS + 1,
): Listed {
  const release = simulatedRelease({ git: { ...ITEMS.git } });
  const blobs = Array.from({ length: count }, (_, i) => add(release.blobs, `model ${i}`)).sort(byDigest);
  const objects = blobs.map(({ digest: oid, size }) => ({ oid, size }));
  release.manifest.items[0].lfs = listAsBlob(release, blobs, say(objects));
  return { release, objects };
}

function sign(release: SimulatedRelease): void {
  attachSigned(release, release.manifest.items[0].id, { main: signedCommit('ada') });
}

describe('a list of Git LFS objects that is a blob', () => {
  it.each([
    ['', () => {}],
    [', also where its refs are signed', sign],
  ])('is held against the item, and targets are asked for the objects alone%s', async (_, bend) => {
    const { release, objects } = listed();
    bend(release);
    const loads = await plannedLoads(inside, release);
    const content = loads.find((load): load is GitContent => load.kind === 'git' && load.phase === 'content');
    expect(content?.lfs).toEqual(objects.map(({ oid, size }) => ({ digest: oid, size })));
  });

  it.each<[string, (objects: readonly LfsObject[]) => Uint8Array]>([
    ['lacks an object of the item', (objects) => encodeLfsList(objects.slice(1))],
    [
      'names another object',
      (objects) =>
        encodeLfsList([{ oid: `sha256:${'0'.repeat(64)}` as LfsObject['oid'], size: 1 }, ...objects]),
    ],
    ['says another size', ([one, ...more]) => encodeLfsList([{ ...(one as LfsObject), size: 7 }, ...more])],
    ['is not sorted', (objects) => encodeLfsList([...objects].reverse())],
    ['is no list', () => Buffer.from('{}')],
  ])('that %s is refused before a target is asked', async (_, say) => {
    await expectInvalid(inside, listed(say).release);
  });

  it('that would not fit into memory is not opened', async () => {
    const { release } = listed();
    const [item] = release.manifest.items;
    const { digest } = item.lfs.list;
    item.lfs.list.size = 16_777_217;
    for (const blob of release.manifest.blobs) if (blob.digest === digest) blob.size = 16_777_217;
    await inside.carry(release);
    const check: BlobChecker['check'] = async (blobs) => ({
      good: new Set(blobs.map((blob) => blob.digest)),
      bad: [],
    });
    const gate = {
      policy: policyOf(inside.trust),
      verifier: testVerifier(),
      upstreamVerifier: testUpstreamVerifier(),
      gitSignatureVerifier: testGitSignatureVerifier(),
      clock: inside.clock,
    };
    const medium = { ...inside.medium, check };
    const trusted = await verifyRelease({ address: first, medium, ...gate, mark: 'not judged' }, quietRun());
    const spied = recordCalls(inside.blobs);
    await expect(requireLfsLists(trusted, spied.object, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(spied.calls).toEqual([]);
  });
});
