import { createHash } from 'node:crypto';
import {
  type BlobReader,
  canonicalJson,
  digestOf,
  GapferryError,
  isGapferryError,
  type JsonValue,
  type LoadFile,
  type Run,
} from '@gapferry/core';
import type { SeenObject } from './bucket-memory.ts';
import { keptAs, type S3Place } from './s3-place.ts';
import type { S3At, S3Part, S3PutOptions, S3Store } from './s3-store.ts';
import { forgetUpload, type PendingContent, rememberUpload, takeAway } from './upload-journal.ts';

export interface LargeFile extends S3At, Pick<S3PutOptions, 'ifMatch'> {
  readonly file: LoadFile;
  /** As the load says. */
  readonly source?: string;
}

/** The rules of S3: 10,000 parts. */
const MOST_PARTS = 10_000;
const LARGEST_PART = 64 << 20;
/** Bytes of parts that are read or under way. */
const IN_MEMORY = 32 << 20;

/** Sends a large file in parts, several at a time, and goes on with what an earlier run left. A part that is there counts by its own digest, hashed anew from the medium, so that nothing
 *  depends on what was remembered. The medium's last bytes are only given out once all of them are proved: what is damaged is never completed. */
export async function sendLarge(
  place: S3Place,
  large: LargeFile,
  from: BlobReader,
  run: Run,
): Promise<Pick<SeenObject, 'etag' | 'version'>> {
  const partSize = partSizeOf(place, large);
  const upload = await openUpload(place, large, partSize, run);
  try {
    const parts = await sendParts(place, large, { ...upload, partSize }, from, run);
    return await completeUpload(place, large, upload.id, parts, run);
  } catch (error) {
    // Wrong bytes never become right ones.
    if (isGapferryError(error) && error.category === 'integrity') {
      await place.store.abort(large, upload.id, run);
      await forgetUpload(place, large.key);
    }
    throw error;
  }
}

/** Takes away what earlier imports began and nobody needs any more. */
export async function abortStale(place: S3Place, run: Run): Promise<void> {
  const pending = await place.journal.read();
  if (pending.length === 0) return;
  for (const upload of pending) await takeAway(place.store, upload, run);
  await place.journal.write([]);
}

function partSizeOf({ partSize, target }: S3Place, { file, item }: LargeFile): number {
  const { size } = file.root;
  const least = Math.ceil(size / MOST_PARTS / 2 ** 20) * 2 ** 20;
  if (least <= LARGEST_PART) return Math.max(partSize, least);
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${item} has ${size} bytes; the most that gapferry sends to the object store ${target} is ${MOST_PARTS * LARGEST_PART}`,
    hint: 'split the file, or send it to an embedded depot',
    origin: 'target',
  });
}

interface Upload {
  readonly id: string;
  /** By number. */
  readonly there: ReadonlyMap<number, S3Part>;
}

async function openUpload(place: S3Place, large: LargeFile, partSize: number, run: Run): Promise<Upload> {
  const options = keptAs(place, large.file, large.source);
  const wanted = { key: large.key, digest: large.file.root.digest, partSize, ...toldOf(options) };
  const pending = (await place.journal.read()).find(({ key }) => key === large.key);
  if (pending?.digest !== undefined && isAsBegun(place, pending, wanted)) {
    const there = await place.store.parts(large, pending.upload, run);
    if (there !== undefined)
      return { id: pending.upload, there: new Map(there.map((part) => [part.number, part])) };
  }
  const id = await place.store.begin(large, options, run);
  await rememberUpload(place, { ...wanted, upload: id }, run);
  return { id, there: new Map() };
}

function toldOf({ lock, ...kept }: S3PutOptions): Pick<PendingContent, 'kept' | 'lockedUntil'> {
  const told = canonicalJson({ ...kept, ...(lock && { lock: lock.mode }) } as JsonValue);
  return { kept: digestOf(told), ...(lock && { lockedUntil: lock.until.getTime() }) };
}

/** Of the time for which an object is to be locked, what must be left of the lock that an upload began with. */
const LEAST_LOCKED = 0.9;

/** What an upload began with stays: an object would be kept as the site wanted it then, and be locked until then. */
function isAsBegun(
  { clock }: S3Place,
  pending: PendingContent,
  wanted: Omit<PendingContent, 'upload'>,
): boolean {
  const { digest, partSize, kept, lockedUntil = 0 } = pending;
  const now = clock.now().getTime();
  const isLocked =
    wanted.lockedUntil === undefined || lockedUntil - now >= LEAST_LOCKED * (wanted.lockedUntil - now);
  return isLocked && digest === wanted.digest && partSize === wanted.partSize && kept === wanted.kept;
}

/** Reads in order, fills one buffer after the other, and waits for a free one. */
async function sendParts(
  place: S3Place,
  large: LargeFile,
  upload: Upload & { readonly partSize: number },
  from: BlobReader,
  run: Run,
): Promise<readonly S3Part[]> {
  const { partSize } = upload;
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  const buffers = Math.min(
    Math.max(2, Math.floor(IN_MEMORY / partSize)),
    Math.ceil(large.file.root.size / partSize),
  );
  const free: Array<Promise<Buffer>> = Array.from({ length: buffers }, async () =>
    Buffer.allocUnsafeSlow(partSize),
  );
  const sent: Array<Promise<S3Part>> = [];
  const send = (buffer: Buffer, length: number): void => {
    const part = sendPart(place, large, upload, sent.length + 1, buffer.subarray(0, length), run);
    sent.push(part);
    free.push(part.then(() => buffer));
    for (const waiting of [part, free.at(-1)]) waiting?.catch(() => stop.abort());
  };
  try {
    let [buffer, filled] = [await free.shift(), 0];
    for await (const chunk of from.open(large.file.root, inner))
      for (let at = 0; at < chunk.byteLength; ) {
        buffer ??= await free.shift();
        if (buffer === undefined) throw new Error('no buffer is free');
        const piece = chunk.subarray(at, at + partSize - filled);
        buffer.set(piece, filled);
        filled += piece.byteLength;
        at += piece.byteLength;
        if (filled < partSize) continue;
        send(buffer, filled);
        [buffer, filled] = [undefined, 0];
      }
    if (filled > 0 && buffer !== undefined) send(buffer, filled);
    return await Promise.all(sent);
  } catch (error) {
    stop.abort();
    const failures = (await Promise.allSettled(sent)).flatMap((part) =>
      part.status === 'rejected' ? [part.reason as unknown] : [],
    );
    // A part that fails stops the reading; those under way come to their end, and count in the next run.
    throw failures[0] ?? error;
  }
}

async function sendPart(
  { store, limit }: S3Place,
  { key, item }: S3At,
  { id, there }: Upload,
  number: number,
  bytes: Uint8Array,
  run: Run,
): Promise<S3Part> {
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  const found = there.get(number);
  if (found?.sha256 === sha256 && found.size === bytes.byteLength) {
    run.emit({ kind: 'bytes', item, bytes: bytes.byteLength, reused: true });
    return found;
  }
  return await limit(() => store.putPart({ key, item }, id, { number, bytes, sha256 }, run));
}

/** The answer may have been lost: then the upload is gone and the object is there. */
export async function completeUpload(
  { store, journal }: S3Place,
  large: LargeFile,
  upload: string,
  parts: readonly S3Part[],
  run: Run,
): Promise<Pick<SeenObject, 'etag' | 'version'>> {
  const conflict = await store.complete(large, upload, parts, run).then(() => undefined, toConflict);
  const facts = await store.head(large, run);
  const hex = large.file.root.digest.slice('sha256:'.length);
  if (facts?.size === large.file.root.size && facts.metadata.get('gapferry-sha256') === hex) {
    if (conflict !== undefined) await store.abort(large, upload, run);
    await forgetUpload({ journal }, large.key);
    return { etag: facts.etag, ...(facts.version !== undefined && { version: facts.version }) };
  }
  throw conflict ?? missingAfter(store, large);
}

/** Somebody else's object, or our own that an earlier try left. */
function toConflict(error: unknown): GapferryError | undefined {
  if (isGapferryError(error, 'TARGET_CONFLICT')) return error;
  if (isGapferryError(error) && error.data['s3'] === 'NoSuchUpload') return undefined;
  throw error;
}

function missingAfter({ place }: Pick<S3Store, 'place'>, { item, key }: LargeFile): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${item}: ${place} has not what was uploaded to ${key}`,
    hint: 'run the same command again',
    origin: 'target',
    retryable: true,
  });
}
