import {
  blobsInContent,
  blobsToSend,
  type ImportPlan,
  requireBlobs,
  sendingOrder,
  type TargetRule,
} from '@gapferry/bundle';
import {
  type BlobReader,
  type Bytes,
  checkRun,
  type Digest,
  GapferryError,
  type Run,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import { type ProvingMedium, requireProving } from './proving-medium.ts';

/** What the record says of blobs that were not read from the medium: the targets had them, and the barrier proved them there. */
export interface NotRead {
  readonly notRead: number;
}

/** How an import read blobs that were pending when the release was judged; empty where all were read before. */
export interface PendingRead {
  /** Of an import in one pass. */
  readonly onePass?: NotRead;
  /** Of a release that was admitted here before; `entry`: index of the ledger's entry that says so. */
  readonly admitted?: NotRead & { readonly entry: number };
}

declare const sendable: unique symbol;

/** What targets are given to read from: not a byte of a blob that was not proven before, but in one pass. Only `sendableBlobs` makes one. */
export interface SendableBlobs extends BlobReader {
  readonly [sendable]: true;
}

/** Of a release that was admitted before, when its plan is made: hashes what would be sent, in the order in which it will be, and what neither a plan sends nor a target proves. Does nothing for any other.
 *  Throws `DIGEST_MISMATCH` or `BLOB_MISSING`, naming the items. */
export async function proveToSend(
  plan: ImportPlan,
  { medium: from, rules }: { readonly medium: BlobReader; readonly rules: readonly TargetRule[] },
  run: Run,
): Promise<void> {
  const { release, steps } = plan;
  if (release.pending === undefined || release.admitted === undefined) return;
  const medium = requireProving(from);
  const [sent, known] = [digestsOf(blobsToSend(steps)), contentOf(steps)];
  const wanted = sendingOrder(release.opened, rules).filter(
    ({ digest }) => (sent.has(digest) || !known.has(digest)) && !medium.proven.has(digest),
  );
  if (wanted.length === 0) return;
  const items = plan.totals.toLoad;
  run.emit({ kind: 'stage', stage: 'verify', ...(items > 0 && { items }), bytes: totalSize(wanted) });
  await prove(plan, wanted, medium, run);
}

/** Before the first effect of an import in one pass: blobs that nothing of the plan sends (upstream's record beside what is loaded) have no stream that would prove them, so they are hashed now. Does nothing for a release of which all was read, or what is needed when it was planned.
 *  Throws `DIGEST_MISMATCH` or `BLOB_MISSING`, naming the items. */
export async function proveUnsent(plan: ImportPlan, from: BlobReader, run: Run): Promise<void> {
  const { opened, pending } = plan.release;
  if (pending === undefined) return;
  const medium = requireProving(from);
  const sent = contentOf(plan.steps);
  const unsent = opened.blobs.filter(({ digest }) => !sent.has(digest) && !medium.proven.has(digest));
  await prove(plan, unsent, medium, run);
}

/** Reads from the medium for targets. Of a release that was admitted before, what was not proven is not offered: a target that can do without takes its own; of which it is asked all the same it is hashed whole before the first byte. */
export function sendableBlobs(plan: ImportPlan, from: BlobReader): SendableBlobs {
  const { pending, admitted } = plan.release;
  if (pending === undefined || admitted === undefined) return from as SendableBlobs;
  const medium = requireProving(from);
  const reader: BlobReader = {
    has: async (blob, run) => medium.proven.has(blob.digest) && (await medium.has(blob, run)),
    open: (blob, run) =>
      medium.proven.has(blob.digest) ? medium.open(blob, run) : provenFirst(plan, blob, medium, run),
  };
  return reader as SendableBlobs;
}

async function* provenFirst(plan: ImportPlan, blob: SizedDigest, medium: ProvingMedium, run: Run): Bytes {
  await prove(plan, [blob], medium, run);
  yield* medium.open(blob, run);
}

/** Behind the barrier: every blob of the release was read from the medium to its end, or belongs to content that was just read back at its target. Empty for a release of which all was read before.
 *  Throws `INTERNAL` for a blob that nobody proved. */
export function requireAllProven({ release, steps }: ImportPlan, from: BlobReader): PendingRead {
  const { opened, pending, admitted } = release;
  if (pending === undefined) return {};
  const { proven } = requireProving(from);
  const readBack = contentOf(steps);
  const left = opened.blobs.filter(({ digest }) => !proven.has(digest));
  const unproven = left.find(({ digest }) => !readBack.has(digest));
  const notRead = left.length;
  if (unproven === undefined)
    return admitted === undefined
      ? { onePass: { notRead } }
      : { admitted: { entry: admitted.index, notRead } };
  throw new GapferryError({
    code: 'INTERNAL',
    message: `blob ${unproven.digest} was neither read from the medium nor read back at a target`,
  });
}

async function prove(
  { release: { opened } }: ImportPlan,
  blobs: readonly SizedDigest[],
  medium: ProvingMedium,
  run: Run,
): Promise<void> {
  const { bad } = await medium.check(blobs, run);
  checkRun(run);
  const asked = digestsOf(blobs);
  const others = opened.blobs.filter(({ digest }) => !asked.has(digest));
  requireBlobs(opened, { good: medium.proven, bad, pending: digestsOf(others) });
}

function contentOf(steps: ImportPlan['steps']): ReadonlySet<Digest> {
  return digestsOf(steps.flatMap(({ content }) => (content === undefined ? [] : blobsInContent(content))));
}

function digestsOf(blobs: readonly SizedDigest[]): ReadonlySet<Digest> {
  return new Set(blobs.map(({ digest }) => digest));
}
