import type { Reply } from '../http/reply.ts';

/** An error as S3 says it: a status, a code and a sentence. Thrown where it is found. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly more: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, more: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

export function xmlReply(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

export function refusalReply(refusal: S3Refusal, now: Date): Reply {
  const more = Object.entries(refusal.more).map(([name, value]) => `<${name}>${escapeText(value)}</${name}>`);
  return xmlReply(
    refusal.status,
    `<Error><Code>${refusal.code}</Code><Message>${escapeText(refusal.message)}</Message>${more.join('')}</Error>`,
    { date: now.toUTCString() },
  );
}

export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;');
}
