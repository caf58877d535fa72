import type { ItemKind, Receipt } from '@gapferry/bundle';
import type { Digest, ErrorCode, NameState, RefChange, ScanSummary } from '@gapferry/core';
import type { ImportTiming } from './import-timing.ts';
import type { NotRead } from './prove-pending.ts';
import type { ImportWarning } from './watch-run.ts';

/** How an import that came to its end ended. `unchanged`: this release was accepted before and everything was there already.
 *  `partly-loaded`: something failed after the barrier; the record says what, and another run continues. */
export type ImportStatus = 'loaded' | 'unchanged' | 'partly-loaded';

export interface ImportOutcome {
  readonly kind: ImportStatus;
  readonly record: ImportRecord;
  /** Absent when this release is unchanged and has its receipt already. */
  readonly receipt?: SignedReceipt;
}

export interface SignedReceipt {
  /** A Sigstore bundle with one signature of the site's key. */
  readonly bytes: Uint8Array;
  /** sha256 of the signed payload: what the site's next receipt names as `previous`. */
  readonly statement: Digest;
  readonly receipt: Receipt;
}

/** The order by which an import went back. */
export interface GoneBack {
  /** Digest of the override's statement. */
  readonly statement: Digest;
  /** Statement digest of the release at the mark. */
  readonly from: Digest;
  readonly reason: string;
  readonly signers: ReadonlyArray<{ readonly key: string; readonly owner: string }>;
}

/** The inside's full account of one import; stays inside. */
export interface ImportRecord {
  readonly site: string;
  readonly channel: string;
  readonly bundle: string;
  readonly version: string;
  readonly sequence: number;
  /** Identity of the release. */
  readonly statement: Digest;
  readonly manifest: Digest;
  readonly status: ImportStatus;
  /** Of an import that went back to an older release: what allowed it. */
  readonly override?: GoneBack;
  /** RFC 3339, UTC. */
  readonly beganAt: string;
  readonly endedAt: string;
  /** Bytes that were sent. */
  readonly bytes: number;
  /** Of an import in one pass, whose blobs were hashed only while they were sent; absent where they were hashed before. */
  readonly onePass?: NotRead;
  /** Of a release that was let in here before, as the ledger's entry with the index `entry` says: only what was sent was hashed, before it was; absent where all was hashed before, and in one pass. */
  readonly admitted?: NotRead & { readonly entry: number };
  /** Absent in records of versions that did not measure. */
  readonly timing?: ImportTiming;
  /** What was warned of, from the first gate to the record, as far as it fits (a thousand, 1 MiB); absent when nothing was. */
  readonly warnings?: readonly ImportWarning[];
  /** How many warnings there were beyond those that are kept; absent when none. */
  readonly unheard?: number;
  /** In manifest order; the tags of an item's attachments after it. */
  readonly items: readonly ItemRecord[];
}

export interface ItemRecord {
  readonly item: string;
  /** The record is not of the item's own name, but of the tag of something attached to it. */
  readonly of?: 'attachment';
  readonly kind: ItemKind;
  readonly target: string;
  /** `placeOf` of the name. */
  readonly place: string;
  /** sha256 of the bytes that the name stands for: the manifest of an image or chart, a file. Absent for Git and directories, whose objects and files the release's manifest names. */
  readonly digest?: Digest;
  /** `held-back`: its turn did not come because something failed in a phase before; the content is there, nothing shows it. */
  readonly outcome: 'loaded' | 'same' | 'failed' | 'held-back';
  /** Bytes that were sent. */
  readonly bytes: number;
  /** Whole milliseconds that sending its content and setting its name took; absent where nothing was done, and for names that a target set many at a time. */
  readonly ms?: { readonly content?: number; readonly name?: number };
  /** What the name stood for before, where it moved; of a repository at most 1,000 moved refs. */
  readonly replaced?: NameState;
  /** Refs that were forced, moved or deleted, with the backup ref that keeps what stood there, and those for which a rule of the host was lifted; at most 1,000. */
  readonly refs?: readonly RefChange[];
  /** Of content that grows old: of when it is, and how old that was when the import ended, in whole seconds ≥ 0 (absent where it is dated ahead). */
  readonly content?: { readonly updated: string; readonly age?: number };
  /** Of an image: what the target's own scanner said, where the site waits for it. */
  readonly scan?: ScanSummary;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
}
