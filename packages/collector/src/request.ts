import type { BundleConfig, Lock, Manifest, Numbering, Packs, ReleasePredicate } from '@gapferry/bundle';
import type {
  BlobStore,
  Clock,
  Descriptor,
  Digest,
  Ledger,
  ReleaseAddress,
  ReleaseReader,
  ReleaseWriter,
  Run,
  Signer,
  Sources,
} from '@gapferry/core';
import type { UpstreamDemands } from './check-upstream.ts';
import type { DiscoveredImage, Discovery } from './discovery.ts';
import type { CollectedItem } from './item-tally.ts';
import type { Lead } from './leads.ts';

/** What a collect needs of a depot. The caller holds the depot's lock. */
export interface CollectDepot extends BlobStore, ReleaseReader, ReleaseWriter {
  /** Names images and charts for tools that read OCI layouts; decides nothing. */
  nameItems(
    entries: ReadonlyArray<{ readonly name: string; readonly root: Descriptor }>,
    run: Run,
  ): Promise<void>;
}

/** What both a collect and its preview start from. */
export interface CollectBasis {
  readonly config: BundleConfig;
  /** Used when `locked`, and then required; otherwise the wishes are resolved anew. */
  readonly lock?: Lock;
  readonly locked: boolean;
  readonly sources: Sources;
  readonly depot: CollectDepot;
  readonly ledger: Ledger;
  readonly numbering: Numbering;
  /** Goes before `version` in bundle.yaml; see `releaseVersion`. */
  readonly version?: string;
  /** How many things are done at once. Default: 8 wishes, 8 items (4 of them Git repositories); blobs within an item are the source's affair. */
  readonly concurrency?: { readonly wishes?: number; readonly items?: number };
  /** Absent: charts are not looked into. */
  readonly discovery?: Discovery;
}

export interface CollectRequest extends CollectBasis {
  readonly signer: Signer;
  readonly clock: Clock;
  /** Needed when a wish demands upstream's signatures. */
  readonly upstream?: UpstreamDemands;
  /** When the release ends, rounded down to whole seconds. */
  readonly expiresAt?: Date;
}

/** What a collect made, or found that it need not make. */
export interface Collected {
  /** `unchanged`: the channel's newest release says the same already; nothing was sealed, and the rest describes that release. */
  readonly kind: 'sealed' | 'unchanged';
  readonly address: ReleaseAddress;
  readonly release: ReleasePredicate;
  /** The identity of the release. */
  readonly statement: Digest;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly packs: Packs | undefined;
  /** What was collected: the lock that was given, or the new one. */
  readonly lock: Lock;
  /** What charts name, and what became of it, sorted by image; absent where nobody looked: with a given lock, which holds what was found when it was made. */
  readonly discovered?: readonly DiscoveredImage[];
  /** What repositories point to, and what in them was not followed; absent where nobody looked. */
  readonly leads?: readonly Lead[];
  /** What fetching did, item by item, in the order of the lock. */
  readonly items: readonly CollectedItem[];
  readonly totals: CollectTotals;
}

export interface CollectTotals {
  readonly items: number;
  /** Distinct blobs, Git packs included. */
  readonly blobs: number;
  /** Sum of all of them; `fetchedBytes` came now, `reusedBytes` were in the depot before. */
  readonly bytes: number;
  readonly fetchedBytes: number;
  readonly reusedBytes: number;
}
