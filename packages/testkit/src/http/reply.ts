import type { Bytes } from '@gapferry/core';

/** One answer of a fake. A body without a `content-length` header is sent in chunks, unless it is in memory: then its length is known. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Bytes;
}

export function textReply(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: text };
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** The body's length in bytes where it is known before it is sent. */
export function bodyLength(reply: Reply): number | undefined {
  const declared = reply.headers?.['content-length'];
  if (declared !== undefined) return Number(declared);
  if (reply.body === undefined) return 0;
  if (typeof reply.body === 'string') return Buffer.byteLength(reply.body);
  return reply.body instanceof Uint8Array ? reply.body.byteLength : undefined;
}

/** The body as chunks, whatever it was given as. */
export async function* bodyBytes(reply: Reply): Bytes {
  if (reply.body === undefined) return;
  if (typeof reply.body === 'string') yield Buffer.from(reply.body);
  else if (reply.body instanceof Uint8Array) yield reply.body;
  else yield* reply.body;
}
