import type { Bytes } from '@gapferry/core';
import { bodyBytes, bodyLength, type Reply } from './reply.ts';
import type { TestRequest } from './test-request.ts';

/** Bad luck or malice, on the requests that match, `times` times (always, where it is not given). The first matching fault wins. */
export interface Fault {
  readonly match: (request: TestRequest) => boolean;
  readonly times?: number;
  readonly do: FaultAction;
}

export type FaultAction =
  /** Answers this without asking the fake. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Sends the right head and the first bytes of the body, then closes the connection. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The fake gets the first bytes of the request's body and then an error; the connection is closed without an answer. */
  | { readonly kind: 'cutUpload'; readonly afterBytes: number }
  /** The fake does what it is asked, and the connection is closed without an answer. */
  | { readonly kind: 'lostAnswer' }
  /** Never answers; with `afterBytes` it sends the head and so much of the body first. */
  | { readonly kind: 'stall'; readonly afterBytes?: number }
  /** Flips every bit of one byte of the body that is sent (offset in this answer, also of a range). */
  | { readonly kind: 'corrupt'; readonly atByte: number }
  /** A well-formed answer that lacks the last byte of its body. */
  | { readonly kind: 'short' }
  /** The right body, followed by zeros without end. */
  | { readonly kind: 'endless' }
  /** 307 to another place. */
  | { readonly kind: 'redirect'; readonly to: string }
  /** The right body under a `Docker-Content-Digest` that is not its own. */
  | { readonly kind: 'wrongDigestHeader' };

/** How a reply ends after its body is sent. */
export type Ending = 'complete' | 'cut' | 'stall';

export interface FaultyReply {
  readonly reply: Reply;
  readonly ending: Ending;
}

/** Keeps the faults of one server and counts how often each was used. */
export class FaultPlan {
  readonly #faults: Array<{ readonly fault: Fault; left: number }> = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Removes all faults that were added. */
  clear(): void {
    this.#faults.length = 0;
  }

  take(request: TestRequest): FaultAction | undefined {
    const hit = this.#faults.find(({ fault, left }) => left > 0 && fault.match(request));
    if (hit === undefined) return undefined;
    hit.left -= 1;
    return hit.fault.do;
  }
}

/** The answer that replaces the fake's own, where the fault needs none; undefined where the fake must be asked first. */
export function replyInstead(fault: FaultAction | undefined): FaultyReply | undefined {
  if (fault?.kind === 'status')
    return {
      reply: {
        status: fault.status,
        headers: { ...fault.headers },
        body: fault.body ?? `fault: ${fault.status}\n`,
      },
      ending: 'complete',
    };
  if (fault?.kind === 'redirect')
    return { reply: { status: 307, headers: { location: fault.to } }, ending: 'complete' };
  return undefined;
}

/** Does to an honest reply what the fault says. */
export function spoil(reply: Reply, fault: FaultAction | undefined): FaultyReply {
  switch (fault?.kind) {
    case 'cut':
      return { reply: withBody(reply, firstBytes(bodyBytes(reply), fault.afterBytes)), ending: 'cut' };
    case 'stall':
      return { reply: withBody(reply, firstBytes(bodyBytes(reply), fault.afterBytes ?? 0)), ending: 'stall' };
    case 'corrupt':
      return { reply: withBody(reply, corrupted(bodyBytes(reply), fault.atByte)), ending: 'complete' };
    case 'short':
      return { reply: shortened(reply), ending: 'complete' };
    case 'endless':
      return { reply: withoutLength(reply, endless(bodyBytes(reply))), ending: 'complete' };
    case 'wrongDigestHeader':
      return {
        reply: {
          ...reply,
          headers: { ...reply.headers, 'docker-content-digest': `sha256:${'0'.repeat(64)}` },
        },
        ending: 'complete',
      };
    default:
      return { reply, ending: 'complete' };
  }
}

/** The same head, also the same declared length, with other bytes. */
function withBody(reply: Reply, body: Bytes): Reply {
  const length = bodyLength(reply);
  const declared = length === undefined ? {} : { 'content-length': String(length) };
  return { ...reply, headers: { ...reply.headers, ...declared }, body };
}

function withoutLength(reply: Reply, body: Bytes): Reply {
  const { 'content-length': _length, ...headers } = reply.headers ?? {};
  return { ...reply, headers, body };
}

function shortened(reply: Reply): Reply {
  const length = bodyLength(reply);
  if (length === undefined || length === 0) throw new Error('the fault "short" needs a body of known length');
  const headers = { ...reply.headers, 'content-length': String(length - 1) };
  return { ...reply, headers, body: firstBytes(bodyBytes(reply), length - 1) };
}

async function* firstBytes(bytes: Bytes, count: number): Bytes {
  let left = count;
  if (left <= 0) return;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, Math.min(left, chunk.byteLength));
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}

async function* corrupted(bytes: Bytes, atByte: number): Bytes {
  let start = 0;
  for await (const chunk of bytes) {
    const at = atByte - start;
    start += chunk.byteLength;
    if (at < 0 || at >= chunk.byteLength) {
      yield chunk;
      continue;
    }
    const copy = Uint8Array.from(chunk);
    copy[at] = (copy[at] ?? 0) ^ 0xff;
    yield copy;
  }
}

async function* endless(bytes: Bytes): Bytes {
  yield* bytes;
  const zeros = new Uint8Array(65_536);
  for (;;) yield zeros;
}
