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
import { nameOfPlace, type SmallFiles } from './small-files.ts';

export interface DemandMeans {
  readonly small: SmallFiles;
  /** By `nameOfSigner`. */
  readonly verifiers: ReadonlyMap<string, FileVerifier>;
}

const CHECKSUMS_LIMIT = 16_777_216;
/** A Sigstore bundle is the longest. */
const SIGNATURE_LIMIT = 1_048_576;

/** The checksum that the wish's file of checksums has for it, the signature over that file checked first. Throws `CONTENT_INVALID`, what reading throws, and the verifier's errors. */
export async function checksumOf(
  means: DemandMeans,
  wish: UrlFileWish,
  demand: ChecksumsDemand,
  run: Run,
): Promise<{ readonly checksum: Checksum; readonly checks: readonly FileCheck[] }> {
  const place = nameOfPlace(demand);
  const bytes = await means.small.read(demand, CHECKSUMS_LIMIT, wish.as, run);
  const list: SignedFile = {
    size: bytes.byteLength,
    async *open() {
      yield bytes;
    },
  };
  const checksum = listIn(bytes).find(demand.name ?? nameInUrl(wish.url), place);
  if (demand.signature === undefined) return { checksum, checks: ['checksums'] };
  const signed = await requireSigned(means, list, demand.signature, `${place} of ${wish.as}`, run);
  return {
    checksum,
    checks: ['checksums', ...signed.map((check) => ({ ...check, of: 'checksums' as const }))],
  };
}

const lists = new WeakMap<Uint8Array, ChecksumList>();

/** Thousands of files may stand in one list. */
function listIn(bytes: Uint8Array): ChecksumList {
  const list = lists.get(bytes) ?? readChecksums(bytes);
  lists.set(bytes, list);
  return list;
}

/** Holds a file that is in the store against everything that its wish demands. Throws `DIGEST_MISMATCH` with both digests, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, and what `checksumOf` throws. */
export async function holdDemands(
  means: DemandMeans,
  wish: UrlFileWish,
  root: Descriptor,
  store: BlobStore,
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
    const { checksum, checks: more } = await checksumOf(means, wish, wish.checksums, run);
    await require(checksum, nameOfPlace(wish.checksums));
    checks.push(...more);
  }
  if (wish.signature !== undefined)
    checks.push(...(await requireSigned(means, stored, wish.signature, wish.as, run)));
  if (wish.check !== undefined) checks.push(wish.check);
  return checks;
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

async function requireSigned(
  { small, verifiers }: DemandMeans,
  file: SignedFile,
  demand: FileSignatureDemand,
  what: string,
  run: Run,
): Promise<FileSigned[]> {
  const signer = nameOfSigner(demand);
  const verifier = verifiers.get(signer);
  if (verifier === undefined)
    throw new GapferryError({ code: 'INTERNAL', message: `the ${signer} of ${what} was not read` });
  const signature = await small.read(demand, SIGNATURE_LIMIT, what, run);
  try {
    return [await verifier.verify(file, signature, run)];
  } catch (error) {
    if (!isGapferryError(error) || error.code === 'INTERRUPTED') throw error;
    throw new GapferryError({
      code: error.code,
      message: printable(`${what} ${error.message} (signature ${nameOfPlace(demand)})`),
      hint: error.hint ?? 'check that key and signature are the right ones; otherwise do not use this file',
      origin: error.origin ?? 'source',
      data: { ...error.data, item: what },
      cause: error,
    });
  }
}

async function sha512Of(file: SignedFile, run: Run): Promise<string> {
  const hash = createHash('sha512');
  for await (const chunk of file.open(run)) hash.update(chunk);
  return hash.digest('hex');
}
