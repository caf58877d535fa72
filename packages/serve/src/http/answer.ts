import type { Bytes } from '@gapferry/core';

/** What is answered to one request, before anything of it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes in memory, or a stream that ends with an error when it must not be taken for whole. */
  readonly body?: Uint8Array | Bytes;
  /** Bytes of a streamed body, where they are known beforehand. */
  readonly length?: number;
}

export function textAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/** A page without script, whatever is in it. */
export function htmlAnswer(html: string): Answer {
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      'Cache-Control': 'no-cache',
    },
    body: Buffer.from(html),
  };
}

export function notFound(what: string): Answer {
  return textAnswer(404, `${what} is not here`);
}
