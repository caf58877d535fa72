import type { Bytes, Run } from '@gapferry/core';
import type { Dial } from './agents.ts';
import { createIntake, type Intake } from './intake.ts';
import { type RawHead, readRawHead, writeRawHead } from './raw-head.ts';
import { type SilenceWatch, watchSilence } from './silence.ts';
import type { Trip, TripInit } from './trip.ts';

/** A trip for a large body, on a connection of its own, without Node's HTTP client: that one costs more than hashing what it brings. Undefined when the answer is
 *  not of the plainest kind; then nothing was consumed, the place is still taken, and `startTrip` asks again. */
export async function startRawTrip(
  url: URL,
  init: TripInit & { readonly dial: Dial },
  run: Run,
): Promise<Trip | undefined> {
  const question = writeRawHead(url, init.headers);
  if (question === undefined) return undefined;
  const watch = watchSilence({ item: init.item, url }, init.idleMs, run);
  const intake = createIntake();
  const socket = init.dial(url, intake.accept);
  const leave = (): void => {
    watch.stop();
    socket.destroy();
  };
  try {
    intake.attach(socket);
    watch.signal.addEventListener('abort', () => socket.destroy(new Error('aborted')), { once: true });
    watch.signal.throwIfAborted();
    socket.write(question);
    const head = await readRawHead(intake);
    watch.busy();
    if (head === undefined) return void leave();
    const { status, headers } = head;
    const end = (): void => {
      leave();
      init.release();
    };
    return { url, status, headers, bytes: readRawBody(head, intake, watch, end) };
  } catch (error) {
    leave();
    init.release();
    throw watch.failure(error);
  }
}

async function* readRawBody(head: RawHead, intake: Intake, watch: SilenceWatch, end: () => void): Bytes {
  let left = head.length;
  try {
    for (let chunk: Uint8Array = head.rest; ; chunk = await nextChunk(intake)) {
      const piece = chunk.subarray(0, left);
      left -= piece.byteLength;
      watch.busy();
      if (piece.byteLength > 0) yield piece;
      watch.waiting();
      if (left === 0) return;
    }
  } catch (error) {
    throw watch.failure(error);
  } finally {
    end();
  }
}

async function nextChunk(intake: Intake): Promise<Uint8Array> {
  const chunk = await intake.take();
  if (chunk !== undefined) return chunk;
  throw Object.assign(new Error('the connection ended in the body'), { code: 'ECONNRESET' });
}
