import { type ErrorInit, GapferryError, printable } from '@gapferry/core';
import { parseRetryAfter } from './retry-after.ts';
import { readUpTo, type Trip } from './trip.ts';
import type { TripPurpose } from './trip-failure.ts';

/** The longest wait a server may ask for before gapferry says so instead of waiting. Seconds. */
export const LONGEST_WAIT = 60;

export interface RefusalContext extends TripPurpose {
  readonly credentials: CredentialsUse;
  /** The question was to change something there. */
  readonly changes?: boolean;
  /** What was sent and must not come back in the server's own words. */
  readonly secrets?: readonly string[];
}

/** There are none, they were used, or there are some that an unprotected connection may not carry. */
export type CredentialsUse = 'none' | 'used' | 'held-back';

/** The error for credentials of a question that an unprotected connection may not carry. Nothing was asked. */
export function heldBack({ item, url }: TripPurpose): GapferryError {
  const data = { host: url.host, item };
  return new GapferryError({
    origin: 'source',
    data,
    ...unauthorized({ item, url, credentials: 'held-back' }, ''),
  });
}

/** The error for a status the caller does not accept. Ends the trip. 404 and 410 alone mean that there is none. */
export async function refusal(trip: Trip, context: RefusalContext): Promise<GapferryError> {
  const words = await saidBy(trip, context.secrets ?? []);
  const data = { host: context.url.host, item: context.item, status: trip.status };
  return new GapferryError({ origin: 'source', data, ...judge(trip, context, words) });
}

function judge(
  trip: Trip,
  context: RefusalContext,
  words: string,
): Pick<ErrorInit, 'code' | 'message' | 'hint' | 'retryable' | 'retryAfter'> {
  const { item, url } = context;
  const [asked, reading, read] = context.changes
    ? ['to what was sent of', 'writing', 'write']
    : ['when asked for', 'reading', 'read'];
  const said = words === '' ? '' : `: ${words}`;
  const wait = parseRetryAfter(trip.headers.get('retry-after'), new Date());
  switch (trip.status) {
    case 401:
      return unauthorized(context, said);
    case 403:
      return {
        code: 'FORBIDDEN',
        message: `${url.host} does not allow ${reading} ${item}${said}`,
        hint: `use credentials for ${url.host} that may ${read} it`,
      };
    case 404:
    case 410:
      return {
        code: 'SOURCE_NOT_FOUND',
        message: `${url.host} has no ${item} (${trip.status} for ${url.pathname})${said}`,
        hint: 'check the name and the version',
      };
    case 429:
      return rateLimited(context, wait);
    case 503:
      if (wait !== undefined && wait > LONGEST_WAIT) return rateLimited(context, wait);
  }
  if (trip.status < 500 && trip.status !== 408 && trip.status !== 425)
    return {
      code: 'PROTOCOL_VIOLATION',
      message: `${url.host} answered ${trip.status} ${asked} ${item}${said}`,
    };
  return {
    code: 'SERVER_ERROR',
    message: `${url.host} answered ${trip.status} ${asked} ${item}${said}`,
    hint: 'the server has trouble; run the same command again later',
    retryable: trip.status !== 501 && trip.status !== 505,
    ...(wait !== undefined && { retryAfter: wait }),
  };
}

function unauthorized(
  { item, url, credentials }: RefusalContext,
  said: string,
): Pick<ErrorInit, 'code' | 'message' | 'hint'> {
  if (credentials === 'held-back')
    return {
      code: 'UNAUTHORIZED',
      message: `${url.host} wants credentials for ${item}, and they are not sent over plain HTTP${said}`,
      hint: `use https, or list ${url.host} under \`insecure\` if the network in between is trusted`,
    };
  if (credentials === 'used')
    return {
      code: 'UNAUTHORIZED',
      message: `${url.host} refuses the credentials for ${item}${said}`,
      hint: `check the credentials for ${url.host}, and that ${item} exists`,
    };
  return {
    code: 'UNAUTHORIZED',
    message: `${url.host} wants credentials for ${item}${said}`,
    hint: `give credentials for ${url.host} (environment, Docker config or a file), and check the name: many servers answer so for what does not exist`,
  };
}

function rateLimited(
  { item, url }: TripPurpose,
  wait: number | undefined,
): Pick<ErrorInit, 'code' | 'message' | 'hint' | 'retryable' | 'retryAfter'> {
  const until =
    wait === undefined
      ? ''
      : `; it asks to wait ${wait} s, until ${new Date(Date.now() + Math.min(wait, 1e9) * 1000).toISOString()}`;
  return {
    code: 'RATE_LIMITED',
    message: `${url.host} limits how often ${item} may be asked for${until}`,
    hint: `run the same command again later, or give credentials for ${url.host}: many servers then allow more`,
    retryable: true,
    ...(wait !== undefined && { retryAfter: wait }),
  };
}

/** The beginning of what the server says about it, in one line. OCI registries put it into `errors[].message`. */
async function saidBy(trip: Trip, secrets: readonly string[]): Promise<string> {
  let text: string;
  try {
    text = (await readUpTo(trip, 2048)).toString('utf8').trim();
  } catch {
    return '';
  }
  if (text.startsWith('<')) return '';
  const words = ociMessage(text) ?? text.replace(/\s+/g, ' ');
  return printable(masked(words, secrets)).slice(0, 200);
}

function ociMessage(text: string): string | undefined {
  try {
    const { errors } = JSON.parse(text) as { errors?: Array<{ code?: unknown; message?: unknown }> };
    const first = Array.isArray(errors) ? errors[0] : undefined;
    return first && [first.code, first.message].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return undefined;
  }
}

/** A server's words without what it was told. Also as a form or an address writes it; the longest first, for one may be part of another. */
export function masked(words: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '***'), words);
}
