import { GapferryError } from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';

/** Address of the next page (RFC 8288 Link, `rel="next"`), undefined on the last one. Throws `PROTOCOL_VIOLATION` when it lies on another host. */
export function nextPage(answer: HttpAnswer, item: string): string | undefined {
  const link = /<([^>]{1,4096})>\s*;[^,]*\brel="?next"?/.exec(answer.headers.get('link') ?? '')?.[1];
  if (link === undefined) return undefined;
  const next = URL.parse(link, answer.url);
  if (next?.origin === URL.parse(answer.url)?.origin && next !== null) return next.href;
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${item} continue on another host`,
    origin: 'source',
  });
}
