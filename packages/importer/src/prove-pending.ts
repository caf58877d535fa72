import { blobsInContent, type ImportPlan, requireBlobs } from '@gapferry/bundle';
import { type BlobReader, checkRun, type Digest, GapferryError, type Run } from '@gapferry/core';
import { requireOnePass } from './one-pass-medium.ts';

/** Of an import in one pass: what the record says of it. */
export interface OnePass {
  /** Blobs of the release that were not read from the medium, because the targets had them; the barrier proved them there. */
  readonly notRead: number;
}

/** Before the first effect of an import in one pass: blobs that nothing of the plan sends (upstream's record beside what is loaded) have no stream that would prove them, so they are hashed now. Does nothing for a release of which all was read.
 *  Throws `DIGEST_MISMATCH` or `BLOB_MISSING`, naming the items. */
export async function proveUnsent({ release, steps }: ImportPlan, from: BlobReader, run: Run): Promise<void> {
  const { opened, pending } = release;
  if (pending === undefined) return;
  const medium = requireOnePass(from);
  const sent = contentOf(steps);
  const unsent = opened.blobs.filter(({ digest }) => !sent.has(digest) && !medium.proven.has(digest));
  const { bad } = await medium.check(unsent, run);
  checkRun(run);
  const left = [...pending].filter((digest) => sent.has(digest));
  requireBlobs(opened, { good: medium.proven, bad, pending: new Set(left) });
}

/** Behind the barrier of an import in one pass: every blob of the release was read from the medium to its end, or belongs to content that was just read back at its target. Undefined for a release of which all was read before.
 *  Throws `INTERNAL` for a blob that nobody proved. */
export function requireAllProven({ release, steps }: ImportPlan, from: BlobReader): OnePass | undefined {
  const { opened, pending } = release;
  if (pending === undefined) return undefined;
  const { proven } = requireOnePass(from);
  const readBack = contentOf(steps);
  const notRead = opened.blobs.filter(({ digest }) => !proven.has(digest));
  const unproven = notRead.find(({ digest }) => !readBack.has(digest));
  if (unproven === undefined) return { notRead: notRead.length };
  throw new GapferryError({
    code: 'INTERNAL',
    message: `blob ${unproven.digest} was neither read from the medium nor read back at a target`,
  });
}

function contentOf(steps: ImportPlan['steps']): ReadonlySet<Digest> {
  return new Set(
    steps.flatMap(({ content }) =>
      content === undefined ? [] : blobsInContent(content).map(({ digest }) => digest),
    ),
  );
}
