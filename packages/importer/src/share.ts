import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bytes, Run } from '@gapferry/core';

export interface ShareLimits {
  /** Bytes that are kept: how far the fastest reader may be ahead of the slowest. */
  readonly window: number;
  /** Milliseconds in which the slowest takes a step, when others wait for it. */
  readonly patience: number;
}

/** One of those who read along. */
export interface ShareReader {
  /** Of the next chunk, counted from the beginning. */
  at: number;
  /** It stood still while others waited, and is not one of them any more: sha256 (hex) of all that it had taken until then. */
  cut?: string;
}

/** One reading of a byte string for several readers. Chunks are copies that nobody may change. */
export class Share {
  readonly #limits: ShareLimits;
  readonly #stop = new AbortController();
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #readers = new Set<ShareReader>();
  #chunks: Uint8Array[] = [];
  /** Chunks that are not kept any more. */
  #dropped = 0;
  /** Of these, as long as somebody could be cut: whoever reads the rest another time must know that it is of the same bytes. */
  readonly #front = createHash('sha256');
  #kept = 0;
  #reading: Promise<void> | undefined;
  #end: { readonly error?: unknown } | undefined;
  #step: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  constructor(open: (run: Run) => Bytes, limits: ShareLimits) {
    this.#limits = limits;
    // Of none of the readers: the one who began may be the first to leave.
    this.#bytes = open({ signal: this.#stop.signal, emit: () => {} })[Symbol.asyncIterator]();
  }

  /** Is all that was read still kept, and somebody reading? */
  get isJoinable(): boolean {
    return this.#dropped === 0 && this.#end === undefined && !this.#stop.signal.aborted;
  }

  join(): ShareReader {
    const reader = { at: 0 };
    this.#readers.add(reader);
    return reader;
  }

  /** The reader's next chunk; undefined at the end, and when the reader was cut. Throws what reading threw. */
  async next(reader: ShareReader): Promise<Uint8Array | undefined> {
    for (;;) {
      if (reader.cut !== undefined) return undefined;
      const chunk = this.#chunks[reader.at - this.#dropped];
      if (chunk !== undefined) {
        reader.at += 1;
        this.#tellStep();
        return chunk;
      }
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return undefined;
      }
      if (this.#reading === undefined && this.#hasRoom()) this.#reading = this.#read();
      await (this.#reading ?? this.#waitForSlowest());
    }
  }

  /** Ends the reading when nobody is left. */
  async leave(reader: ShareReader): Promise<void> {
    this.#readers.delete(reader);
    this.#tellStep();
    if (this.#readers.size > 0) return;
    this.#stop.abort();
    this.#chunks = [];
    await this.#reading;
    await this.#bytes.return?.().catch(() => {});
  }

  get #slowest(): number {
    return Math.min(...[...this.#readers].map(({ at }) => at));
  }

  /** Drops what all have taken when the window is full. */
  #hasRoom(): boolean {
    const slowest = this.#slowest;
    while (this.#kept >= this.#limits.window && this.#dropped < slowest) {
      const [chunk] = this.#chunks.splice(0, 1);
      if (chunk === undefined) break;
      if (this.#readers.size > 1) this.#front.update(chunk);
      this.#kept -= chunk.byteLength;
      this.#dropped += 1;
    }
    return this.#kept < this.#limits.window;
  }

  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#bytes.next();
      if (done === true) this.#end = {};
      else {
        this.#chunks.push(new Uint8Array(value));
        this.#kept += value.byteLength;
      }
    } catch (error) {
      this.#end = { error };
    } finally {
      this.#reading = undefined;
    }
  }

  /** Whatever moves, the caller looks again. When nothing does, the slowest is what all others wait for. */
  async #waitForSlowest(): Promise<void> {
    const slowest = this.#slowest;
    const isOver = new AbortController();
    const patience = pause(this.#limits.patience, 'nothing moved', { signal: isOver.signal }).catch(() => {});
    const woken = await Promise.race([this.#step.promise, patience]);
    isOver.abort();
    if (woken !== 'nothing moved') return;
    for (const reader of this.#readers) if (reader.at === slowest) this.#cut(reader);
  }

  #cut(reader: ShareReader): void {
    const taken = this.#front.copy();
    for (const chunk of this.#chunks.slice(0, reader.at - this.#dropped)) taken.update(chunk);
    reader.cut = taken.digest('hex');
    this.#readers.delete(reader);
    this.#tellStep();
  }

  #tellStep(): void {
    this.#step.resolve();
    this.#step = Promise.withResolvers<void>();
  }
}
