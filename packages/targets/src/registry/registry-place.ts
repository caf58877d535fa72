import type { Digest, PruneStep } from '@gapferry/core';
import type { BlobLanes } from './blob-lanes.ts';
import type { OciRegistry } from './oci-registry.ts';
import type { SurveyMemory } from './survey-memory.ts';

/** A registry target from within. */
export interface RegistryPlace {
  /** The target's name in the site file. */
  readonly target: string;
  readonly registry: OciRegistry;
  /** Host and path at the registry for an upstream repository. Throws `NAME_UNSAFE`. */
  repositoryOf(upstream: string): string;
  readonly lanes: BlobLanes;
  /** Begun anew by every survey. */
  memory: SurveyMemory;
  /** Uploads that earlier imports left: taken away once, when all content is there. */
  tidied?: Promise<void> | undefined;
  /** Repositories that were looked into before the first of them was removed. */
  readonly pruning: Map<string, Promise<PruningLook>>;
  /** Small questions under way at once. */
  ask<T>(question: () => Promise<T>): Promise<T>;
}

/** What of a repository goes. */
export interface PruningLook {
  /** In the order in which they go. */
  readonly steps: ReadonlyMap<Digest, PruneStep>;
  /** Manifests that go, by their subjects. */
  readonly attached: ReadonlyMap<Digest, readonly Digest[]>;
  /** Lists of referrers under fallback tags that name something that goes or is gone, by tag. */
  readonly lists: ReadonlyMap<string, ReferrerList>;
  /** Why what could go stays: something that needs it could not be removed. */
  readonly held: Map<Digest, string>;
}

/** What lies under the tag `sha256-<hex>` where a registry has no referrers API (distribution-spec, referrers tag schema). */
export interface ReferrerList {
  readonly subject: Digest;
  /** Of what it lists, what goes or is gone. */
  readonly own: readonly Digest[];
  readonly step: PruneStep;
}
