import { GapferryError } from '@gapferry/core';
import type { HostRules } from './host-rules.ts';
import type { HttpRequest } from './http-client.ts';
import type { Method, Trip } from './trip.ts';

/** What a redirect needs to know of the question. */
export interface Redirected {
  readonly item: string;
  readonly method?: Method;
}

/** 301, 302 and 303 would make a question of what was meant to change something. */
export function isRedirect({ status, headers }: Trip, request: Redirected): boolean {
  const keepsMethod = status === 307 || status === 308;
  const isOther = status === 301 || status === 302 || status === 303;
  return (keepsMethod || (isOther && !changesSomething(request))) && headers.has('location');
}

export function changesSomething({ method = 'GET' }: Pick<Redirected, 'method'>): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Where a redirect leads. Throws `PROTOCOL_VIOLATION` for what is no http address, for less protection than before, and for a host that may not be spoken to. */
export function nextUrl(request: Redirected, from: URL, location: string, rules: HostRules): URL {
  const next = URL.parse(location, from.href);
  if (!next || !/^https?:$/.test(next.protocol))
    throw badRedirect(request, from, 'redirects to something that is no http address');
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw badRedirect(request, from, `redirects from https to plain HTTP (${next.host})`);
  if (!rules.mayBeAsked(next))
    throw badRedirect(
      request,
      from,
      `redirects to another host (${next.host})`,
      `if ${next.host} belongs to it, name it under \`also\` of the target as well`,
    );
  next.username = '';
  next.password = '';
  return next;
}

const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** What goes along to another host than the one that was asked. */
export function headersElsewhere({
  headers,
  headersStay = false,
}: Pick<HttpRequest, 'headers' | 'headersStay'>): Record<string, string> {
  return headersStay ? {} : withoutSecrets(headers);
}

function withoutSecrets(headers: HttpRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())),
  );
}

export function badRedirect({ item }: Redirected, from: URL, what: string, hint?: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${from.host} ${what} for ${item}`,
    ...(hint !== undefined && { hint }),
    origin: 'source',
    data: { host: from.host, item },
  });
}
