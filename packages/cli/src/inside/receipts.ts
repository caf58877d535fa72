import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseReceipt, type Receipt, statementDigest } from '@gapferry/bundle';
import { type Digest, GapferryError, inLanes, isGapferryError, parseJson, quietRun } from '@gapferry/core';
import type { SignedReceipt } from '@gapferry/importer';
import { writeFileAtomically } from '../write-file.ts';
import { readBounded } from './read-bounded.ts';

/** A receipt that the site wrote earlier. */
export interface StoredReceipt {
  readonly file: string;
  /** Digest of the signed payload. */
  readonly statement: Digest;
  readonly receipt: Receipt;
}

/** Receipts read at a time: in the end there are more of them than a process may have files open. */
const AT_ONCE = 16;

/** Where the site keeps its receipts: `<state>/receipts/<number>-<channel>-<release number>.sigstore.json`, numbered in the order they were written. */
export async function readReceipts(stateDirectory: string): Promise<StoredReceipt[]> {
  const directory = join(stateDirectory, 'receipts');
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  const files = names.filter((name) => /^\d{6}-.*\.sigstore\.json$/.test(name)).sort();
  return await inLanes(files, AT_ONCE, (name) => readReceipt(join(directory, name)), quietRun());
}

/** Bytes of a receipt. */
const MOST = 1_048_576;

/** Nobody judges its signature here. Throws `USAGE` where it cannot be read, `STORAGE_FAILED`, and what parsing throws. */
export async function readReceipt(file: string): Promise<StoredReceipt> {
  const bundle = parseJson(await readBounded(file, 'the receipt', MOST), file, {
    maxBytes: MOST,
    maxDepth: 20,
  });
  const payload = (bundle as { dsseEnvelope?: { payload?: unknown } } | null)?.dsseEnvelope?.payload;
  if (typeof payload !== 'string')
    throw new GapferryError({
      code: 'STORAGE_FAILED',
      message: `${file} is not a receipt of this site`,
      hint: 'put the file back from a copy, or move it away',
      origin: 'site',
    });
  const bytes = Buffer.from(payload, 'base64');
  return { file, statement: statementDigest(bytes), receipt: parseReceipt(bytes, file) };
}

/** Does the last receipt of the channel say that exactly this release is loaded? An earlier one does not count: the site may have gone back, or on, since. */
export function isLoadedLast(
  receipts: readonly StoredReceipt[],
  channel: string,
  statement: Digest,
): boolean {
  const last = receipts.findLast(({ receipt }) => receipt.channel === channel);
  return last?.receipt.statement === statement && last.receipt.status === 'loaded';
}

/** Stores a signed receipt behind all `earlier` ones; a name is never used twice. Returns its path. */
export async function storeReceipt(
  stateDirectory: string,
  { bytes, receipt }: SignedReceipt,
  earlier: readonly StoredReceipt[],
): Promise<string> {
  const last = basename(earlier.at(-1)?.file ?? '');
  for (let number = Number.parseInt(last, 10) || 0; ; ) {
    number += 1;
    const file = join(
      stateDirectory,
      'receipts',
      `${String(number).padStart(6, '0')}-${receipt.channel}-${receipt.sequence}.sigstore.json`,
    );
    try {
      await writeFileAtomically(file, bytes, { exclusive: true });
      return file;
    } catch (error) {
      if (!isGapferryError(error, 'USAGE')) throw error;
    }
  }
}
