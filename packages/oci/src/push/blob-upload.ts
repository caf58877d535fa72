import { type BlobReader, checkRun, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import { type BlobStream, streamBlob } from './blob-stream.ts';
import { endingWell, tidyingRun } from './ending-run.ts';
import type { SentBytes } from './sent-bytes.ts';
import {
  appendToUpload,
  askUpload,
  cancelUpload,
  finishUpload,
  isLostSession,
  lostSession,
  type Upload,
  type UploadSession,
} from './upload-session.ts';

/** Where a session stands is kept here, in memory and beyond. */
export interface SessionMemory {
  /** The session to go on with, as it was last heard of. */
  last(): Promise<UploadSession | undefined>;
  keep(session: UploadSession): Promise<void>;
  forget(): Promise<void>;
}

export interface UploadWork {
  readonly upload: Upload;
  readonly from: BlobReader;
  readonly chunkSize: number;
  readonly sent: SentBytes;
  readonly memory: SessionMemory;
  /** Called when the registry has taken a chunk, with the offset after it. */
  readonly reached: (offset: number) => void;
}

/** Sends a blob into a fresh session: a small one in one PUT, a larger one in chunks, after each of which it can be gone on with. */
export function uploadInto(work: UploadWork, session: UploadSession, run: Run): Promise<void> {
  return work.upload.blob.size <= chunkLength(work, session)
    ? uploadWhole(work, session, run)
    : uploadChunks(work, session, run);
}

/** Goes on with a session of an earlier try or run. False: it is gone, or was never of any use. */
export async function continueUpload(work: UploadWork, session: UploadSession, run: Run): Promise<boolean> {
  const { upload, sent } = work;
  const there = await askUpload(upload, session, run).catch(goneIfRefused);
  if (there === undefined || there.offset === 0 || there.offset > upload.blob.size) {
    await abandonUpload(work, there ?? session);
    return false;
  }
  sent.continueAt(there.offset);
  await uploadChunks(work, there, run);
  return true;
}

/** A registry that will not tell of an upload (too old, signed by a key it has no more, at a host that may not be asked) has as good as none. If it refuses everything, it says so to the next one. */
function goneIfRefused(error: unknown): undefined {
  if (!isGapferryError(error) || isInterruption(error)) throw error;
  if (error.retryable && !isLostSession(error)) throw error;
}

/** Cancels at the registry, if it lets us, and forgets here. Never throws. */
export async function abandonUpload({ upload, memory }: UploadWork, session: UploadSession): Promise<void> {
  await cancelUpload(upload, session, tidyingRun()).catch(() => undefined);
  await memory.forget();
}

function chunkLength({ chunkSize }: UploadWork, { minLength = 0 }: UploadSession): number {
  return Math.max(chunkSize, minLength);
}

/** There is nothing to go on with when it fails: the session is cancelled. */
async function uploadWhole(work: UploadWork, session: UploadSession, run: Run): Promise<void> {
  const { upload, from, sent } = work;
  const { blob } = upload;
  sent.continueAt(0);
  try {
    const body = { size: blob.size, open: () => from.open(blob, run) };
    await finishUpload(upload, session, body, { signal: run.signal, emit: (event) => sent.run.emit(event) });
  } catch (error) {
    await abandonUpload(work, session);
    throw error;
  }
}

/** From the session's offset on. The reader can't seek: what the registry has is read and hashed again, and not sent. */
function uploadChunks(work: UploadWork, begun: UploadSession, run: Run): Promise<void> {
  const { upload, from, memory } = work;
  const { blob } = upload;
  return endingWell(run, async (ending) => {
    const stream = streamBlob(() => from.open(blob, ending), blob.size);
    try {
      await memory.keep(begun);
      let session = begun;
      while (session.offset < blob.size) {
        checkRun(run);
        session = await sendChunk(work, session, stream, ending);
      }
      checkRun(run);
      await finishUpload(upload, session, undefined, ending);
      await memory.forget();
    } finally {
      stream.close();
    }
  });
}

/** Throws a lost session when the registry has other bytes than were sent: distribution 2.8 appends whatever comes, whatever its Content-Range says. */
async function sendChunk(
  work: UploadWork,
  session: UploadSession,
  stream: BlobStream,
  run: Run,
): Promise<UploadSession> {
  const { upload, sent, memory } = work;
  const { offset } = session;
  const expected = Math.min(offset + chunkLength(work, session), upload.blob.size);
  sent.continueAt(offset);
  const body = stream.body(offset, expected - offset);
  const next = await appendToUpload(upload, session, body, {
    signal: run.signal,
    emit: (event) => sent.run.emit(event),
  });
  if (next.offset > expected) {
    await abandonUpload(work, next);
    throw lostSession(upload, `has ${next.offset} bytes of it after ${expected} were sent`);
  }
  await memory.keep(next);
  if (next.offset < expected)
    throw lostSession(upload, `has only ${next.offset} bytes of it after ${expected} were sent`);
  work.reached(next.offset);
  return next;
}
