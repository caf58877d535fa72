import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  MANIFEST_LIMITS,
  type ManifestLinks,
  parseManifestLinks,
  quietRun,
  readVerified,
} from '@gapferry/core';
import type { ServedStore } from '../served-store.ts';

/** Everything that can be reached from one root. */
export interface Reach {
  /** As the manifests that name them describe them; the root included. */
  readonly descriptors: ReadonlyMap<Digest, Descriptor>;
  readonly manifests: readonly ReachedManifest[];
}

export interface ReachedManifest extends Descriptor, Omit<ManifestLinks, 'links'> {}

/** Follows roots once: what a digest reaches never changes. Failures are not remembered. */
export interface ReachReader {
  of(root: Descriptor): Promise<Reach>;
}

/** Roots that are remembered; the ones asked for longest ago go first. */
const REMEMBERED = 10_000;
const MAX_DEPTH = 8;
const MAX_DESCRIPTORS = 100_000;

export function createReachReader(store: ServedStore): ReachReader {
  const known = new Map<Digest, Promise<Reach>>();
  return {
    of(root) {
      const reading = known.get(root.digest) ?? readReach(store, root);
      known.delete(root.digest);
      known.set(root.digest, reading);
      reading.catch(() => known.delete(root.digest));
      const [oldest] = known.keys();
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
      return reading;
    },
  };
}

async function readReach(store: ServedStore, root: Descriptor): Promise<Reach> {
  const descriptors = new Map<Digest, Descriptor>();
  const manifests: ReachedManifest[] = [];
  await follow({ store, descriptors, manifests }, root, 0);
  return { descriptors, manifests };
}

interface Walk {
  readonly store: ServedStore;
  readonly descriptors: Map<Digest, Descriptor>;
  readonly manifests: ReachedManifest[];
}

async function follow(walk: Walk, at: Descriptor, depth: number): Promise<void> {
  if (walk.descriptors.has(at.digest)) return;
  walk.descriptors.set(at.digest, at);
  if (!hasLinks(at.mediaType)) return;
  if (depth > MAX_DEPTH || walk.descriptors.size > MAX_DESCRIPTORS || at.size > MANIFEST_LIMITS.maxBytes)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `manifest ${at.digest} names too much to be followed`,
    });
  // Shared by all who ask, so that one client that leaves does not stop it for the others.
  const bytes = await readVerified(at, walk.store.open(at, quietRun()), { origin: 'depot' });
  const { links, ...facts } = parseManifestLinks(bytes, at.mediaType, `manifest ${at.digest}`);
  const { mediaType, digest, size } = at;
  walk.manifests.push({ mediaType, digest, size, ...facts });
  for (const { mediaType, digest, size } of links) await follow(walk, { mediaType, digest, size }, depth + 1);
}
