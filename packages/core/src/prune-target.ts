import type { Descriptor, SizedDigest } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Run } from './run.ts';
import type { NameState, Target } from './target.ts';

/** What releases of one channel that go left at a target, as the site's ledger tells it, and what those that stay need. */
export interface PruneRequest {
  readonly channel: string;
  /** Images, charts and attachments by digest that no release that stays needs. `repository` is `host/path` upstream. */
  readonly manifests: readonly PruneManifest[];
  /** Tags that no release that stays sets, and what the channel left there last. */
  readonly tags: readonly PruneTag[];
  /** Files and directories that no release that stays names. */
  readonly files: readonly PruneFile[];
  /** Refs that imports of the channel put beside branches and tags, and that no release which stays needs. */
  readonly refs: readonly PruneRefs[];
  /** Digests of everything that a release of any channel that stays needs. */
  readonly needed: ReadonlySet<Digest>;
  /** Of the channel's releases that stay, the versions by number: also of those whose content alone is there. */
  readonly staying: ReadonlyMap<number, string>;
  /** Numbers of those that go and left something there. */
  readonly going: ReadonlySet<number>;
  /** Contents of files that imports of the channel sent there, of releases that go, and that no release which stays needs. */
  readonly contents: readonly SizedDigest[];
  /** Of those that go, the versions by number, of which files came there and never got a name. */
  readonly unnamed: ReadonlyMap<number, string>;
  /** Something was left where the site file said then that the target is, and says no more: nothing of that is in the request. */
  readonly elsewhere?: boolean;
}

export interface PruneManifest {
  readonly item: string;
  readonly repository: string;
  readonly digest: Digest;
  /** Where the site still knows it. */
  readonly root?: Descriptor;
  /** Of an index: what the item needs besides it, manifests among it. Where the index went and a prune broke off, they are found by this. */
  readonly parts?: readonly Digest[];
}

export interface PruneTag extends PruneManifest {
  readonly tag: string;
}

export interface PruneFile {
  readonly item: string;
  readonly path: string;
  readonly left: NameState;
}

/** Of one repository. */
export interface PruneRefs {
  readonly item: string;
  /** `host/path` upstream. */
  readonly repository: string;
  /** Full names of refs, and the object ids that were put there. */
  readonly backups: NameState;
  /** Digests of the statements of releases whose objects may wait there for names that never come. */
  readonly statements: readonly Digest[];
}

/** Names of a request; its manifests are those of what has no other name than its digest. */
export type PruneNames = Pick<PruneRequest, 'manifests' | 'tags' | 'files'>;

/** One thing that goes, or would and does not. */
export interface PruneStep {
  /** As the target's own clients name it; unique at the target: `registry.plant7.internal/app@sha256:…`, `s3://bucket/line-a/1.0.0/`. */
  readonly place: string;
  readonly what: 'name' | 'manifest' | 'blob' | 'file' | 'objects' | 'files' | 'refs';
  /** Of what is more than one thing. */
  readonly count?: number;
  /** Where they are known; of a manifest what it alone needs. */
  readonly bytes?: number;
  /** Why it stays. */
  readonly stays?: string;
}

/** `stays`: it could not be removed, and nothing else is wrong; `why` says it. */
export type PruneOutcome =
  | { readonly state: 'removed' | 'gone' }
  | { readonly state: 'stays'; readonly why: string };

/** A target that can take away what earlier releases left, and nothing else. */
export interface PruneTarget extends Target {
  /** Looks only. What is not as the channel left it, is needed, or stands in the way, stays: it is left out, or told with `stays` where somebody would look for it. In the order in which steps are to be done. */
  prunable(request: PruneRequest, run: Run): Promise<readonly PruneStep[]>;
  /** Removes what `prunable` told, step by step in its order, each looked at again. What is gone already is fine. */
  prune(step: PruneStep, request: PruneRequest, run: Run): Promise<PruneOutcome>;
  /** Which of these names are not there any more, whatever they would stand for; a directory only with all of its files. In doubt a name is there. */
  gone(names: PruneNames, request: PruneRequest, run: Run): Promise<PruneNames>;
}

export function canPrune(target: Target): target is PruneTarget {
  return 'prunable' in target && typeof target.prunable === 'function';
}
