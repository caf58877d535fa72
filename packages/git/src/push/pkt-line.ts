import { GapferryError } from '@gapferry/core';

/** One packet of Git's protocols (gitprotocol-common, pkt-line); undefined is the flush packet. */
export type Packet = Buffer | undefined;

export const FLUSH = '0000';

/** A packet holds at most 65,516 bytes. */
export function pktLine(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;
}

/** Throws `PROTOCOL_VIOLATION` for a length that is none, or that leads beyond the end. */
export function* readPackets(bytes: Buffer, place: string): Generator<Packet> {
  for (let at = 0; at < bytes.length; ) {
    const digits = bytes.toString('latin1', at, at + 4);
    const length = /^[0-9a-f]{4}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
    if (length === 0) {
      at += 4;
      yield undefined;
      continue;
    }
    if (length < 4 || at + length > bytes.length) throw notGit(place);
    yield bytes.subarray(at + 4, at + length);
    at += length;
  }
}

export function notGit(place: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    message: `${place} does not answer as a Git server does`,
    hint: 'check `url` of the target, and what stands before the host',
  });
}
