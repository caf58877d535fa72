import type { BlobStore } from './blobs.ts';
import type { GitCarriage, GitHolding, Holding } from './holding.ts';
import type { GitPin, Pin } from './pin.ts';
import type { Run } from './run.ts';
import type { Wish } from './wish.ts';

/** Where one kind of item comes from, outside. */
export interface Source<W extends Wish, P extends Pin, H extends Holding> {
  /** Asks upstream what the wish is now; moves no content beyond what the answer needs.
   *  Throws `SOURCE_NOT_FOUND` only when upstream says that there is none; `UNREACHABLE`, `UNAUTHORIZED` … when it could not be asked. */
  resolve(wish: W, run: Run): Promise<readonly P[]>;
  /** Brings everything the pin reaches into `into`. Blobs that are there are not asked for. What upstream serves must be what the pin says (`DIGEST_MISMATCH`). */
  fetch(pin: P, into: BlobStore, run: Run): Promise<H>;
}

/** A source of Git repositories that can build on what carried one before, so that the next release is small. */
export interface IncrementalGitSource {
  /** Like `fetch`; the packs of the holding are the earlier ones and an increment, or, where nothing can be built on them or they have become too many, one new base pack (told by a warning). */
  fetchAfter(earlier: GitCarriage, pin: GitPin, into: BlobStore, run: Run): Promise<GitHolding>;
}

export function isIncrementalGitSource<S extends Sources['git']>(
  source: S,
): source is S & IncrementalGitSource {
  return 'fetchAfter' in source;
}

/** One source per kind, wired by the cli. */
export interface Sources {
  readonly image: Source<
    Extract<Wish, { kind: 'image' }>,
    Extract<Pin, { kind: 'image' }>,
    Extract<Holding, { kind: 'image' }>
  >;
  readonly chart: Source<
    Extract<Wish, { kind: 'chart' }>,
    Extract<Pin, { kind: 'chart' }>,
    Extract<Holding, { kind: 'chart' }>
  >;
  readonly git: Source<
    Extract<Wish, { kind: 'git' }>,
    Extract<Pin, { kind: 'git' }>,
    Extract<Holding, { kind: 'git' }>
  >;
  readonly file: Source<
    Extract<Wish, { kind: 'file' }>,
    Extract<Pin, { kind: 'file' }>,
    Extract<Holding, { kind: 'file' }>
  >;
}
