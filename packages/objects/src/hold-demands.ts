import { createHash } from 'node:crypto';
import {
  type BlobStore,
  type ChecksumsDemand,
  type Descriptor,
  type FileCheck,
  type FileSignatureDemand,
  type FileSigned,
  type FileVerifier,
  GapferryError,
  hexOf,
  isGapferryError,
  nameInUrl,
  nameOfSigner,
  printable,
  type Run,
  type SignedFile,
  type UrlFileWish,
} from '@gapferry/core';
import { type Checksum, type ChecksumList, readChecksums } from './checksum-list.ts';
import { nameOfPlace, type ReadFrom, type SmallFiles } from './small-files.ts';

export interface DemandMeans {
  readonly small: SmallFiles;
  /** By `nameOfSigner`. */
  readonly verifiers: ReadonlyMap<string, FileVerifier>;
}

const CHECKSUMS_LIMIT = 16_777_216;
/** A Sigstore bundle is the longest. */
const SIGNATURE_LIMIT = 1_048_576;

/** What a list of checksums says of a file. */
export interface ListedChecksum {
  readonly checksum: Checksum;
  readonly checks: readonly FileCheck[];
  /** Whose word it is: the mirror that gave a list that nobody signed. */
  readonly mirror?: string;
}

/** The checksum that the wish's file of checksums has for it, the signature over that file checked first. `accept`: throws where it cannot be right. Throws `CONTENT_INVALID`, what reading throws, and the verifier's errors. */
export async function checksumOf(
  means: DemandMeans,
  wish: UrlFileWish,
  demand: ChecksumsDemand,
  accept: (checksum: Checksum) => Promise<void>,
  run: Run,
): Promise<ListedChecksum> {
  const place = nameOfPlace(demand);
  const { signature, name = nameInUrl(wish.url) } = demand;
  const judge = async (bytes: Uint8Array, { mirror }: ReadFrom): Promise<ListedChecksum> => {
    const checksum = listIn(bytes).find(name, place);
    const list: SignedFile = {
      size: bytes.byteLength,
      async *open() {
        yield bytes;
      },
    };
    const signed =
      signature === undefined
        ? []
        : [await requireSigned(means, list, signature, `${place} of ${wish.as}`, run)];
    await accept(checksum);
    return {
      checksum,
      checks: ['checksums', ...signed.map((check) => ({ ...check, of: 'checksums' as const }))],
      ...(mirror !== undefined && signed.length === 0 && { mirror }),
    };
  };
  return await means.small.use({ place: demand, limit: CHECKSUMS_LIMIT, item: wish.as }, judge, run);
}

const lists = new WeakMap<Uint8Array, ChecksumList>();

/** Thousands of files may stand in one list. */
function listIn(bytes: Uint8Array): ChecksumList {
  const list = lists.get(bytes) ?? readChecksums(bytes);
  lists.set(bytes, list);
  return list;
}

/** A file that is in the store. */
export interface StoredFile {
  readonly root: Descriptor;
  readonly store: BlobStore;
  /** As in the pin. */
  readonly mirror?: string;
}

/** Holds a file that is in the store against everything that its wish demands. Throws `DIGEST_MISMATCH` with both digests, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, and what `checksumOf` throws. */
export async function holdDemands(
  means: DemandMeans,
  wish: UrlFileWish,
  { root, store, mirror }: StoredFile,
  run: Run,
): Promise<FileCheck[]> {
  const stored: SignedFile = { size: root.size, open: (inner) => store.open(root, inner) };
  const checks: FileCheck[] = [];
  let sha512: Promise<string> | undefined;
  const require = async ({ algorithm, hex }: Checksum, says: string): Promise<void> => {
    sha512 ??= algorithm === 'sha512' ? sha512Of(stored, run) : undefined;
    const actual = algorithm === 'sha256' ? hexOf(root.digest) : ((await sha512) ?? '');
    requireChecksum({ algorithm, hex }, actual, wish.as, says);
  };
  if (wish.sha256 !== undefined) {
    await require({ algorithm: 'sha256', hex: hexOf(wish.sha256) }, 'bundle.yaml');
    checks.push('given-sha256');
  }
  if (wish.sha512 !== undefined) {
    await require({ algorithm: 'sha512', hex: wish.sha512 }, 'bundle.yaml');
    checks.push('given-sha512');
  }
  if (wish.checksums !== undefined) {
    const says = nameOfPlace(wish.checksums);
    const accept = (checksum: Checksum): Promise<void> => require(checksum, says);
    checks.push(...(await checksumOf(means, wish, wish.checksums, accept, run)).checks);
  }
  if (wish.signature !== undefined)
    checks.push(await requireSigned(means, stored, wish.signature, wish.as, run));
  if (wish.check !== undefined) checks.push(wish.check);
  return mirror === undefined ? checks : checks.map((check) => seenAt(check, mirror));
}

/** What only a mirror said is recorded as its word. */
export function seenAt(check: FileCheck, mirror: string): FileCheck {
  return check === 'first-seen' || check === 'checksums' ? { by: check, at: mirror } : check;
}

/** Throws `DIGEST_MISMATCH` with both. `says`: who says what it must be. */
export function requireChecksum(wanted: Checksum, actual: string, item: string, says: string): void {
  if (wanted.hex === actual) return;
  const { algorithm, hex } = wanted;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: printable(`${item} has the ${algorithm} ${actual}; ${says} says ${hex}`),
    hint: 'upstream has another file under this URL than it should; find out why before anything is changed in bundle.yaml',
    origin: 'source',
    data: { item, algorithm, expected: hex, actual },
  });
}

/** One good signature of the signer that is demanded, from the first place that has one. Throws the verifier's errors about `what`. */
export async function requireSigned(
  { small, verifiers }: DemandMeans,
  file: SignedFile,
  demand: FileSignatureDemand,
  what: string,
  run: Run,
): Promise<FileSigned> {
  const signer = nameOfSigner(demand);
  const verifier = verifiers.get(signer);
  if (verifier === undefined)
    throw new GapferryError({ code: 'INTERNAL', message: `the ${signer} of ${what} was not read` });
  const verify = async (signature: Uint8Array): Promise<FileSigned> => {
    try {
      return await verifier.verify(file, signature, run);
    } catch (error) {
      throw unsigned(what, demand, error);
    }
  };
  return await small.use({ place: demand, limit: SIGNATURE_LIMIT, item: what }, verify, run);
}

function unsigned(what: string, demand: FileSignatureDemand, error: unknown): unknown {
  if (!isGapferryError(error) || error.code === 'INTERRUPTED') return error;
  return new GapferryError({
    code: error.code,
    message: printable(`${what} ${error.message} (signature ${nameOfPlace(demand)})`),
    hint: error.hint ?? 'check that key and signature are the right ones; otherwise do not use this file',
    origin: error.origin ?? 'source',
    data: { ...error.data, item: what },
    cause: error,
  });
}

async function sha512Of(file: SignedFile, run: Run): Promise<string> {
  const hash = createHash('sha512');
  for await (const chunk of file.open(run)) hash.update(chunk);
  return hash.digest('hex');
}
