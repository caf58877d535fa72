import type { Digest } from '@gapferry/core';

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
