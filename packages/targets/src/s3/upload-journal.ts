import { type Digest, isGapferryError, type Run } from '@gapferry/core';
import { isUnanswered } from './is-unanswered.ts';
import type { S3At, S3Store } from './s3-store.ts';

/** A multipart upload that was begun and not ended. */
export type PendingUpload = PendingContent | PendingTrial;

export interface PendingContent {
  readonly key: string;
  readonly upload: string;
  readonly digest: Digest;
  readonly partSize: number;
  /** Digest of how the object was to be kept when the upload began, which an upload cannot change any more. Absent of what the store copies. */
  readonly kept?: Digest;
  /** Milliseconds since 1970; absent without a lock. */
  readonly lockedUntil?: number;
}

/** One that only shows what is allowed, and is aborted at once. */
export interface PendingTrial {
  readonly key: string;
  /** Absent until the store has said it: whoever was killed in between asks the store for uploads to the key, which is used for nothing else. */
  readonly upload?: string;
  readonly digest?: never;
}

/** Remembers them beyond a killed process, so that the next one goes on, or takes away what nobody needs any more. */
export interface UploadJournal {
  read(): Promise<readonly PendingUpload[]>;
  /** On disk when it returns. */
  write(uploads: readonly PendingUpload[]): Promise<void>;
}

/** In the place of what was begun for the key before, which is aborted. */
export async function rememberUpload(
  { journal, store }: { readonly journal: UploadJournal; readonly store: Pick<S3Store, 'abort'> },
  pending: PendingUpload,
  run: Run,
): Promise<void> {
  const all = await journal.read();
  for (const { key, upload } of all)
    if (key === pending.key && upload !== undefined && upload !== pending.upload)
      await store.abort({ key, item: itemOf(key) }, upload, run);
  await journal.write([...all.filter(({ key }) => key !== pending.key), pending]);
}

/** Takes away what was begun and nobody needs any more. */
export async function takeAway(
  store: Pick<S3Store, 'abort' | 'uploads'>,
  { key, upload }: PendingUpload,
  run: Run,
): Promise<void> {
  const at = { key, item: itemOf(key) };
  const ids = upload === undefined ? await uploadsTo(store, at, run) : [upload];
  for (const id of ids) await store.abort(at, id, run);
}

/** Who may not list them leaves one without parts to the store, which costs nothing. */
async function uploadsTo(store: Pick<S3Store, 'uploads'>, at: S3At, run: Run): Promise<readonly string[]> {
  return await store.uploads(at, run).catch((error: unknown) => {
    if (!isGapferryError(error, 'FORBIDDEN') && !isUnanswered(error)) throw error;
    run.emit({ kind: 'warning', message: `${at.item} may be left behind in the store: ${error.message}` });
    return [];
  });
}

function itemOf(key: string): string {
  return `an upload to ${key} that was not ended`;
}

export async function forgetUpload(
  { journal }: { readonly journal: UploadJournal },
  key: string,
): Promise<void> {
  const all = await journal.read();
  if (all.some((pending) => pending.key === key))
    await journal.write(all.filter((pending) => pending.key !== key));
}
