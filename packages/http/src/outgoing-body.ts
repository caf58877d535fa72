import { Readable } from 'node:stream';
import { type Bytes, GapferryError } from '@gapferry/core';
import type { StreamedBody } from './http-client.ts';
import type { SilenceWatch } from './silence.ts';
import type { TripPurpose } from './trip-failure.ts';

/** The body of one request on its way to a server. */
export interface OutgoingBody {
  readonly stream: Readable;
  /** What went wrong on our side: the source of the body, or its size. The network stack sees only a request that was ended. */
  readonly failure: unknown;
  /** An answer is here: nothing more is sent. */
  hold(): void;
  /** Ends the request where its body was not sent to the end. Resolves when the source is closed. */
  leave(): Promise<void>;
}

export interface OutgoingOptions {
  readonly purpose: TripPurpose;
  readonly watch: SilenceWatch;
  /** Bytes of the body that were handed over so far. */
  readonly told: (at: number) => void;
}

/** What is handed over at once: a slow connection takes one in less time than counts as silence. */
const PIECE = 256 << 10;

export function createOutgoingBody(body: StreamedBody, options: OutgoingOptions): OutgoingBody {
  let failure: unknown;
  let held = false;
  let wake = (): void => {};
  const left = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const { watch, told, purpose } = options;
  const sent = async function* (): Bytes {
    try {
      let at = 0;
      for await (const piece of exactly(body, purpose)) {
        if (held) return void (await left);
        at += piece.byteLength;
        watch.waiting();
        yield piece;
        told(at);
        watch.busy();
      }
      if (body.size > 0 && !held) watch.asked();
    } catch (error) {
      if (!stream.destroyed) failure = error;
      throw error;
    }
  };
  const stream = Readable.from(sent(), { objectMode: false, highWaterMark: PIECE });
  return {
    stream,
    get failure() {
      return failure;
    },
    hold() {
      held = true;
    },
    async leave() {
      wake();
      if (stream.closed) return;
      const closed = new Promise<void>((resolve) => void stream.once('close', resolve));
      if (!stream.readableEnded) stream.destroy(new Error('the answer came first'));
      await closed;
    },
  };
}

/** Pieces with memory of their own, `size` bytes in all. The last one is held back until the source has ended: a wrong body is never sent to its end. */
async function* exactly(body: StreamedBody, purpose: TripPurpose): Bytes {
  let size = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of body.open()) {
    for (let from = 0; from < chunk.byteLength; from += PIECE) {
      if (last !== undefined) yield last;
      last = Buffer.from(chunk.subarray(from, from + PIECE));
      size += last.byteLength;
      if (size > body.size) throw wrongSize(purpose, body.size, `more than ${body.size}`);
    }
  }
  if (size < body.size) throw wrongSize(purpose, body.size, size);
  if (last !== undefined) yield last;
}

function wrongSize({ item, url }: TripPurpose, size: number, actual: number | string): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `${item} has ${actual} bytes instead of ${size}; it was not sent to ${url.host}`,
    hint: 'what it is read from is damaged or changed meanwhile',
    data: { host: url.host, item, size, actual },
  });
}
