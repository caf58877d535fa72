import type { Digest, Run } from '@gapferry/core';
import type { S3Store } from './s3-store.ts';

/** A multipart upload that was begun and not ended. */
export interface PendingUpload {
  readonly key: string;
  readonly upload: string;
  readonly digest: Digest;
  readonly partSize: number;
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
    if (key === pending.key && upload !== pending.upload)
      await store.abort({ key, item: `an upload to ${key} that was not ended` }, upload, run);
  await journal.write([...all.filter(({ key }) => key !== pending.key), pending]);
}

export async function forgetUpload(
  { journal }: { readonly journal: UploadJournal },
  key: string,
): Promise<void> {
  const all = await journal.read();
  if (all.some((pending) => pending.key === key))
    await journal.write(all.filter((pending) => pending.key !== key));
}
