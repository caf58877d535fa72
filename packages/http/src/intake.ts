import type { Socket } from 'node:net';

/** Small enough that what the socket brought is still in the processor's cache when it is hashed and written. */
const SIZE = 256 << 10;

/** Collects what a socket brings in two buffers that take turns: one is filled while the other is with the reader. A chunk is valid until the next `take`,
 *  and is no Buffer: `slice` of a Buffer does not copy, and who keeps a chunk relies on that.
 *  Everything is copied once: TLS may deliver several pieces into the same receive buffer before anybody can look at it. */
export interface Intake {
  /** For the socket's `onread`: false pauses it. A piece is smaller than a buffer. */
  accept(piece: Uint8Array): boolean;
  /** What came since the last time, at least one byte; undefined at the end. Rejects with the socket's error after everything that came before it. */
  take(): Promise<Uint8Array | undefined>;
  /** From here on errors and the end of this socket count, and it is resumed when there is room again. */
  attach(socket: Socket): void;
}

export function createIntake(): Intake {
  let filling = new Uint8Array(SIZE);
  let resting = new Uint8Array(SIZE);
  let filled = 0;
  /** Pieces that came although the socket was paused: TLS decrypts what it has already received. */
  let late: Uint8Array[] = [];
  let end: { readonly error?: Error } | undefined;
  let wake = (): void => {};
  let resume = (): void => {};

  const add = (piece: Uint8Array): void => {
    const fits = late.length === 0 && filled + piece.byteLength <= SIZE;
    if (!fits) return void late.push(Uint8Array.from(piece));
    filling.set(piece, filled);
    filled += piece.byteLength;
  };
  const swap = (): Uint8Array => {
    const chunk = filling.subarray(0, filled);
    [filling, resting] = [resting, filling];
    filled = 0;
    const pieces = late;
    late = [];
    pieces.forEach(add);
    return chunk;
  };
  return {
    accept(piece) {
      add(piece);
      wake();
      return filled < SIZE / 2 && late.length === 0;
    },
    async take() {
      while (filled === 0) {
        if (end?.error) throw end.error;
        if (end) return undefined;
        await new Promise<void>((arrived) => {
          wake = arrived;
        });
      }
      const chunk = swap();
      if (late.length === 0) resume();
      return chunk;
    },
    attach(socket) {
      resume = () => void socket.resume();
      const finish = (error?: Error): void => {
        end ??= error === undefined ? {} : { error };
        wake();
      };
      socket
        .on('error', finish)
        .once('end', () => finish())
        .once('close', () => finish());
    },
  };
}
