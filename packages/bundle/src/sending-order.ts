import type { Digest, SizedDigest } from '@gapferry/core';
import { blobsOf } from './check-manifest.ts';
import type { TargetRule } from './import-loads.ts';
import type { Item } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';

/** All blobs of a release, each once, about in the order in which an import sends them: the items of each target in manifest order, the large blobs of an item first, and the targets (and Git beside them) in step by bytes, because
 *  they are loaded at the same time. What no item sends comes first: it is read when the release is judged. Without `targets` every kind goes to a target of its own. */
export function sendingOrder(
  { manifest, packs, blobs }: TrustedManifest,
  targets: readonly TargetRule[] = [],
): readonly SizedDigest[] {
  const packsOf = new Map((packs?.items ?? []).map((item) => [item.id, item.packs]));
  const sentFor = (item: Item): readonly SizedDigest[] =>
    [...blobsOf(manifest, item), ...(item.kind === 'git' ? (packsOf.get(item.id) ?? []) : [])].sort(
      (a, b) => b.size - a.size,
    );
  const lanes = Map.groupBy(manifest.items, (item) => laneOf(item, targets));
  const sent = inStep([...lanes.values()].map((items) => items.flatMap(sentFor)));
  const known = new Set(sent.map(({ digest }) => digest));
  return [...blobs.filter(({ digest }) => !known.has(digest)), ...sent].map(toSized);
}

function laneOf({ kind }: Item, targets: readonly TargetRule[]): string {
  const target = targets.find(({ takes }) => takes.includes(kind))?.name ?? `any ${kind}`;
  return kind === 'git' ? `git ${target}` : target;
}

/** Merges lanes: whichever has given the fewest bytes goes on. What another lane gave already is not given again. */
function inStep(lanes: readonly (readonly SizedDigest[])[]): SizedDigest[] {
  const given = new Set<Digest>();
  const merged: SizedDigest[] = [];
  const waiting = lanes.map((blobs) => ({ blobs: blobs.values(), bytes: 0 }));
  while (waiting.length > 0) {
    const lane = waiting.reduce((least, other) => (other.bytes < least.bytes ? other : least));
    const next = lane.blobs.next();
    if (next.done) waiting.splice(waiting.indexOf(lane), 1);
    else if (!given.has(next.value.digest)) {
      given.add(next.value.digest);
      merged.push(next.value);
      lane.bytes += next.value.size;
    }
  }
  return merged;
}

function toSized({ digest, size }: SizedDigest): SizedDigest {
  return { digest, size };
}
