import type { HeldBody } from '@gapferry/http';

/** How all of a file is read that nobody knows the digest of. */
export interface FileReading {
  /** The most bytes that it may have. */
  readonly limit: number;
  /** Offset to begin at: so many bytes are there, held as `held` says. */
  readonly from: number;
  readonly held: HeldBody;
}
