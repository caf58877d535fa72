import type { Digest } from '@gapferry/core';

/** Remembers uploads that were begun, so that the next run goes on with them. Keyed by where a blob goes: host/path and digest. */
export interface UploadJournal {
  get(upload: UploadKey): Promise<UploadEntry | undefined>;
  /** Replaces what is there. */
  put(upload: UploadKey, entry: UploadEntry): Promise<void>;
  /** Does nothing when there is none. */
  remove(upload: UploadKey): Promise<void>;
  /** All of them, with when each was written last. */
  list(): Promise<readonly ListedUpload[]>;
}

export type ListedUpload = UploadKey & UploadEntry & { readonly writtenAt: Date };

export interface UploadKey {
  readonly repository: string;
  readonly digest: Digest;
}

/** What is needed to ask for a session; how far it came only the registry knows. */
export interface UploadEntry {
  /** As the registry gave it last. Its query can be as good as a password for this upload: it belongs in no message and no readable file. */
  readonly location: string;
  /** Bytes that the registry had when this was written. */
  readonly offset: number;
  /** Bytes of a chunk, at least. */
  readonly minLength?: number;
}

/** For one run: what is begun can be gone on with as long as the process lives. */
export function memoryUploadJournal(): UploadJournal {
  const known = new Map<string, { readonly entry: UploadEntry; readonly listed: ListedUpload }>();
  const keyOf = ({ repository, digest }: UploadKey): string => `${repository}@${digest}`;
  return {
    get: async (upload) => known.get(keyOf(upload))?.entry,
    put: async (upload, entry) =>
      void known.set(keyOf(upload), { entry, listed: { ...upload, ...entry, writtenAt: new Date() } }),
    remove: async (upload) => void known.delete(keyOf(upload)),
    list: async () => [...known.values()].map(({ listed }) => listed),
  };
}
