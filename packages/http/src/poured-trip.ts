import type { Run } from '@gapferry/core';
import { FileFailure, type PourHead, type PourSession } from './pour-pool.ts';
import type { DialPlan } from './pour-protocol.ts';
import { writeRawHead } from './raw-head.ts';
import { type SilenceWatch, watchSilence } from './silence.ts';
import type { Trip, TripInit } from './trip.ts';

/** A trip for a large body, in a thread of its own and on a connection of its own, without Node's HTTP client: that one costs more than hashing what it brings. Undefined when the answer is
 *  not of the plainest kind; then nothing was consumed, the place is still taken, and `startTrip` asks again. */
export async function startPouredTrip(
  url: URL,
  init: TripInit & { readonly session: PourSession; readonly dial: DialPlan },
  run: Run,
): Promise<Trip | undefined> {
  const { session } = init;
  const question = writeRawHead(url, init.headers);
  if (question === undefined) return undefined;
  const watch = watchSilence({ item: init.item, url }, init.patience, run);
  const interrupt = (): void => void session.leave();
  watch.signal.addEventListener('abort', interrupt, { once: true });
  const leave = async (): Promise<void> => {
    watch.signal.removeEventListener('abort', interrupt);
    watch.stop();
    await session.leave();
  };
  try {
    watch.signal.throwIfAborted();
    const head = await session.ask(init.dial, question);
    watch.busy();
    if (head === undefined || !isForUs(head)) {
      await leave();
      return undefined;
    }
    const end = async (): Promise<void> => {
      await leave();
      init.release();
    };
    return { url, ...head, bytes: noBytes(end), pour: (skip, told) => pour(session, watch, skip, told, end) };
  } catch (error) {
    await leave();
    init.release();
    throw watch.failure(error);
  }
}

/** The body itself, or an answer whose body nobody reads. An error's body is worth asking again for: it says why. */
function isForUs({ status, headers }: PourHead): boolean {
  return (
    status === 200 ||
    status === 206 ||
    status === 401 ||
    (status >= 300 && status < 400 && headers.has('location'))
  );
}

async function* noBytes(end: () => Promise<void>): AsyncGenerator<Uint8Array> {
  await end();
  yield new Uint8Array(0);
}

async function pour(
  session: PourSession,
  watch: SilenceWatch,
  skip: number,
  told: (bytes: number) => void,
  end: () => Promise<void>,
): Promise<void> {
  try {
    watch.waiting();
    await session.take(skip, (bytes) => {
      watch.waiting(bytes);
      told(bytes);
    });
  } catch (error) {
    if (error instanceof FileFailure) throw error;
    throw watch.failure(error);
  } finally {
    await end();
  }
}
