import type { Run } from './run.ts';

/** Where a release stands in a depot: `releases/<channel>/<sequence>/`. */
export interface ReleaseAddress {
  readonly channel: string;
  readonly sequence: number;
}

/** The files of one release, as bytes that nobody has judged yet. Reading is limited: statement 1 MiB, manifest 16 MiB, packs 16 MiB, 64 further signatures and 256 approvals of 1 MiB. */
export interface ReleaseFiles {
  readonly manifest: Uint8Array;
  readonly packs?: Uint8Array;
  /** `release.sigstore.json` */
  readonly statement: Uint8Array;
  /** `signatures/<keyid>.sigstore.json`, by file name. */
  readonly signatures: ReadonlyMap<string, Uint8Array>;
  /** `approvals/<keyid>-<n>.sigstore.json`, by file name. */
  readonly approvals: ReadonlyMap<string, Uint8Array>;
}

/** Sizes in bytes that bound what is read before it is trusted. */
export const RELEASE_LIMITS = {
  statement: 1_048_576,
  manifest: 33_554_432,
  packs: 16_777_216,
  signatures: 64,
  approvals: 256,
} as const;

export interface ReleaseReader {
  /** Every release directory with a well-formed name, sorted by channel, then sequence. Content is not looked at. */
  listReleases(): Promise<readonly ReleaseAddress[]>;
  /** Throws `RELEASE_NOT_FOUND`, `LIMIT_EXCEEDED`, `LAYOUT_INVALID`. */
  readRelease(address: ReleaseAddress): Promise<ReleaseFiles>;
}

export interface ReleaseWriter {
  /** Writes the whole release under its name in one rename, after its files are synced. The same bytes again change nothing; other bytes are refused (`STORAGE_FAILED`): a release is never rewritten.
   *  Signatures and approvals that are not there yet are added to a release that is; those that are there stay. */
  writeRelease(address: ReleaseAddress, files: ReleaseFiles, run: Run): Promise<void>;
}

export function formatReleaseAddress(address: ReleaseAddress): string {
  return `${address.channel}/${address.sequence}`;
}
