import {
  type BlobReader,
  GapferryError,
  isGapferryError,
  isInterruption,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { createTries, type HttpClient, type TryOptions } from '@gapferry/http';
import {
  abandonUpload,
  continueUpload,
  type SessionMemory,
  type UploadWork,
  uploadInto,
} from './blob-upload.ts';
import { mountSource } from './mount-source.ts';
import { pushPlace } from './push-place.ts';
import { countSentBytes } from './sent-bytes.ts';
import { hasTargetBlob } from './target-look.ts';
import type { UploadJournal } from './upload-journal.ts';
import { beginUpload, isLostSession, type Upload, type UploadSession } from './upload-session.ts';

export interface BlobPusherParts extends TryOptions {
  readonly http: HttpClient;
  readonly journal: UploadJournal;
  readonly chunkSize: number;
}

export interface PushBlobOptions {
  /** Named in errors and progress. */
  readonly item: string;
  /** Repositories (host/path) of the same registry that hold the blob. */
  readonly mountFrom?: readonly string[];
  /** It was just asked for, and is not there. */
  readonly absent?: boolean;
}

export type PushBlob = (
  repository: string,
  blob: SizedDigest,
  from: BlobReader,
  options: PushBlobOptions,
  run: Run,
) => Promise<{ readonly sent: number }>;

/** Sessions that are begun for one blob before it is given up. Going on with one is not counted. */
const MOST_SESSIONS = 4;

/** No blob goes twice at once to the same repository: who comes second waits and finds it there. */
export function createBlobPusher(parts: BlobPusherParts): PushBlob {
  const underway = new Map<string, Promise<unknown>>();
  return async (repository, blob, from, options, run) => {
    const key = `${repository}@${blob.digest}`;
    let { absent = false } = options;
    while (underway.has(key)) {
      absent = false;
      await underway.get(key)?.catch(() => undefined);
    }
    const pushing = pushMissing(parts, repository, blob, from, { ...options, absent }, run);
    underway.set(key, pushing);
    try {
      return { sent: await pushing };
    } finally {
      underway.delete(key);
    }
  };
}

async function pushMissing(
  parts: BlobPusherParts,
  repository: string,
  blob: SizedDigest,
  from: BlobReader,
  options: PushBlobOptions,
  run: Run,
): Promise<number> {
  const place = await pushPlace(parts.http, repository, run);
  if (!options.absent && (await hasTargetBlob(place, blob, run))) return 0;
  const upload: Upload = { place, blob, item: options.item };
  const tries = createTries(options.item, place.host, parts);
  const sent = countSentBytes(run);
  const attempts: Attempts = { sessions: 0, digestRefused: false, lost: 0, furthest: 0 };
  const memory = sessionMemory(parts.journal, upload, run);
  const work: UploadWork = {
    upload,
    from,
    chunkSize: parts.chunkSize,
    sent,
    memory,
    reached(offset) {
      if (offset <= attempts.furthest) return;
      attempts.furthest = offset;
      attempts.lost = 0;
      tries.progressed();
    },
  };
  for (;;) {
    try {
      await pushOnce(work, options, attempts, run);
      return sent.total;
    } catch (error) {
      await judgeFailure(work, error, attempts);
      if (isWrongDigest(error)) attempts.digestRefused = true;
      else await tries.failed(error, run);
    }
    // The answer to the last request may be what was lost.
    if (await hasTargetBlob(place, blob, run)) {
      await memory.forget();
      return sent.total;
    }
  }
}

interface Attempts {
  sessions: number;
  digestRefused: boolean;
  /** Failures in a row for which the session is to blame. */
  lost: number;
  /** Bytes of the session that the registry had taken at most: one that falls back and takes them again makes no progress. */
  furthest: number;
}

async function pushOnce(
  work: UploadWork,
  options: PushBlobOptions,
  attempts: Attempts,
  run: Run,
): Promise<void> {
  const earlier = await work.memory.last();
  if (earlier && (await continueUpload(work, earlier, run))) return;
  attempts.sessions += 1;
  attempts.furthest = 0;
  const session = await begin(work.upload, attempts.sessions === 1 ? options.mountFrom : [], run);
  if (session !== 'mounted') await uploadInto(work, session, run);
}

/** A mount that is refused is no reason not to push. */
async function begin(
  upload: Upload,
  mountFrom: readonly string[] = [],
  run: Run,
): Promise<UploadSession | 'mounted'> {
  const source = await mountSource(upload.place, upload.blob, mountFrom, run);
  if (source === undefined) return beginUpload(upload, undefined, run);
  try {
    return await beginUpload(upload, source, run);
  } catch (error) {
    if (!isGapferryError(error) || error.retryable || isInterruption(error)) throw error;
    return beginUpload(upload, undefined, run);
  }
}

/** Throws what no other try can help. What was begun is kept where the next run can go on with it (stopped, or the registry out of reach), and cancelled otherwise. */
async function judgeFailure(work: UploadWork, error: unknown, attempts: Attempts): Promise<void> {
  if (isInterruption(error)) throw error;
  const session = await work.memory.last();
  const isWrong = isWrongDigest(error);
  const mayRetry = isGapferryError(error) && error.retryable;
  attempts.lost = isLostSession(error) ? attempts.lost + 1 : 0;
  // What the registry has is not what was sent, or it says that there is a session and takes nothing more: that one can only be given up.
  const isUseless = isWrong || !mayRetry || attempts.lost > 1;
  if (isUseless && session !== undefined) await abandonUpload(work, session);
  if (isWrong && !attempts.digestRefused) return;
  if (!mayRetry || attempts.sessions >= MOST_SESSIONS) throw givenUp(error, attempts);
}

function isWrongDigest(error: unknown): boolean {
  return isGapferryError(error, 'DIGEST_MISMATCH') && error.origin === 'target';
}

function givenUp(error: unknown, { sessions }: Attempts): unknown {
  if (!(error instanceof GapferryError) || sessions < MOST_SESSIONS) return error;
  return new GapferryError({
    code: error.code,
    message: `${error.message} (begun ${sessions} times)`,
    ...(error.hint !== undefined && { hint: error.hint }),
    origin: 'target',
    retryable: error.retryable,
    data: { ...error.data, sessions },
    cause: error,
  });
}

/** A journal that can't be written costs the next run the way, not this one. */
function sessionMemory(journal: UploadJournal, { place, blob, item }: Upload, run: Run): SessionMemory {
  const key = { repository: place.repository, digest: blob.digest };
  let last: UploadSession | undefined;
  let [asked, warned] = [false, false];
  const quietly = async (writing: Promise<void>): Promise<void> => {
    await writing.catch((error: unknown) => {
      if (!warned)
        run.emit({ kind: 'warning', item, message: error instanceof Error ? error.message : String(error) });
      warned = true;
    });
  };
  return {
    async last() {
      if (!asked) last = await journal.get(key);
      asked = true;
      return last;
    },
    async keep(session) {
      [last, asked] = [session, true];
      await quietly(journal.put(key, session));
    },
    async forget() {
      if (last === undefined) return;
      last = undefined;
      await quietly(journal.remove(key));
    },
  };
}
