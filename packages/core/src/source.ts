import type { BlobStore } from './blobs.ts';
import type { Holding } from './holding.ts';
import type { Pin } from './pin.ts';
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
