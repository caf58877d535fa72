import type { TrustedManifest } from '@gapferry/bundle';
import {
  type BlobReader,
  type Bytes,
  formatReleaseAddress,
  GapferryError,
  hexOf,
  isGapferryError,
  type ReleaseAddress,
  type ReleaseReader,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import type { KeptRelease } from './kept-releases.ts';

/** A kept release as a place to read from, for both gates. */
export interface OpenKept {
  readonly medium: ReleaseReader & BlobReader;
  readonly address: ReleaseAddress;
  readonly directory: string;
  /** For people: `line-a/17`. */
  readonly shown: string;
}

/** Opens a kept release for reading. Nothing in it is trusted: every blob is hashed again, no link followed. What it has not throws `BLOB_MISSING` and says where it is. Throws `LAYOUT_INVALID`. */
export async function openKeptRelease({ channel, sequence, directory }: KeptRelease): Promise<OpenKept> {
  const { openDepot } = await import('@gapferry/depot');
  const depot = await openDepot(directory, { readOnly: true, origin: 'site' });
  const address = { channel, sequence };
  const shown = formatReleaseAddress(address);
  return {
    address,
    directory,
    shown,
    medium: {
      listReleases: async () => [address],
      readRelease: (wanted) => explained(shown, directory, () => depot.readRelease(wanted)),
      has: (blob, run) => depot.has(blob, run),
      open: (blob, run) => openBlob(depot, { shown, directory }, blob, run),
    },
  };
}

/** Throws `STORAGE_FAILED` unless what was opened is the release that the directory is named for. */
export function requireNamed({ id, directory }: KeptRelease, { statement }: TrustedManifest): void {
  if (hexOf(statement).startsWith(id)) return;
  throw damaged(directory, `${directory} holds another release, ${statement}`);
}

async function* openBlob(
  from: BlobReader,
  { shown, directory }: Pick<OpenKept, 'shown' | 'directory'>,
  blob: SizedDigest,
  run: Run,
): Bytes {
  try {
    yield* from.open(blob, run);
  } catch (error) {
    throw explain(error, shown, directory, blob);
  }
}

async function explained<T>(shown: string, directory: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw explain(error, shown, directory);
  }
}

/** Of what is missing and of what is damaged the depot says what to do outside; here it is another medium. */
function explain(error: unknown, shown: string, directory: string, blob?: SizedDigest): unknown {
  if (isGapferryError(error, 'BLOB_MISSING'))
    return new GapferryError({
      code: 'BLOB_MISSING',
      message: `blob ${blob?.digest} of release ${shown} is not at the site any more: only what names need is kept`,
      hint: 'import from the medium of that release: what is at the targets is not sent again',
      origin: 'site',
      data: { digest: blob?.digest, size: blob?.size, release: shown },
      cause: error,
    });
  const isDamaged = ['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'LAYOUT_INVALID', 'LIMIT_EXCEEDED'].some((code) =>
    isGapferryError(error, code as 'DIGEST_MISMATCH'),
  );
  return isDamaged && error instanceof GapferryError ? damaged(directory, error.message, error) : error;
}

function damaged(directory: string, why: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: isGapferryError(cause) ? cause.code : 'STORAGE_FAILED',
    message: `what the site keeps of the release is not what was written: ${why}`,
    hint: `check the disk and who writes to ${directory}; importing the release from its medium again writes it anew`,
    origin: 'site',
    data: { directory },
    ...(cause !== undefined && { cause }),
  });
}
