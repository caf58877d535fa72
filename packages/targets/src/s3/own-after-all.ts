import { isGapferryError, type LoadFile, type Run } from '@gapferry/core';
import { toSeen } from './bucket-memory.ts';
import type { S3At, S3Store, S3Stored } from './s3-store.ts';

/** Where an answer was lost the second try finds what the first one left. Throws `error` for everything else. */
export async function ownAfterAll(
  store: Pick<S3Store, 'head'>,
  at: S3At,
  { root, executable }: LoadFile,
  error: unknown,
  run: Run,
): Promise<S3Stored> {
  if (!isGapferryError(error, 'TARGET_CONFLICT')) throw error;
  const facts = await store.head(at, run);
  const seen = facts && toSeen(facts);
  if (seen?.digest !== root.digest || seen.size !== root.size) throw error;
  if ((seen.executable === true) !== (executable === true)) throw error;
  return { etag: seen.etag, ...(seen.version !== undefined && { version: seen.version }) };
}
