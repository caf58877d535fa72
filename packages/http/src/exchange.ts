import { checkRun, GapferryError, type Run } from '@gapferry/core';
import type { Agents } from './agents.ts';
import type { Authorizer, RefusedTrip } from './authorizer.ts';
import type { HttpRequest } from './http-client.ts';
import type { PourSession } from './pour-pool.ts';
import { startPouredTrip } from './poured-trip.ts';
import { refusal } from './refusal.ts';
import type { TakeSlot } from './slots.ts';
import type { Tries } from './tries.ts';
import { type Method, readUpTo, startTrip, type Trip, type TripBody } from './trip.ts';

/** Everything one try needs. */
export interface ExchangeParts {
  readonly agents: Agents;
  readonly authorizer: Authorizer;
  readonly takeSlot: TakeSlot;
  readonly idleMs: number;
  readonly userAgent: string;
}

export interface ExchangeRequest extends Omit<HttpRequest, 'method'> {
  /** Default GET. */
  readonly method?: Method;
  readonly body?: TripBody;
  /** The file that the body of the answer may be poured into. Only for GET. */
  readonly session?: PourSession;
  /** For a question that is not asked again as a whole: how often the token service is. */
  readonly tokenTries?: Tries;
}

/** One try: follows redirects, answers a challenge once per host, and gives the trip whose status the caller accepts. The caller reads or leaves its body. */
export type Exchange = (
  request: ExchangeRequest,
  extraHeaders: Readonly<Record<string, string>>,
  run: Run,
) => Promise<Trip>;

const MOST_REDIRECTS = 5;
const DRAIN_LIMIT = 64 << 10;

export function createExchange(parts: ExchangeParts): Exchange {
  return async (request, extraHeaders, run) => {
    const first = parseRequestUrl(request);
    let url = first;
    for (let hop = 0; ; hop++) {
      const headers = {
        ...(url.host === first.host ? request.headers : withoutSecrets(request.headers)),
        ...extraHeaders,
      };
      const trip = await askWithAuthorization(parts, { ...request, headers }, url, run);
      const location = isRedirect(trip, request) ? trip.headers.get('location') : undefined;
      if (location === undefined) return trip;
      await drain(trip);
      if (hop === MOST_REDIRECTS)
        throw badRedirect(request, url, `redirects more than ${MOST_REDIRECTS} times`);
      url = nextUrl(request, url, location);
    }
  };
}

function parseRequestUrl(request: ExchangeRequest): URL {
  const url = URL.parse(request.url);
  const problem =
    !url || !/^https?:$/.test(url.protocol)
      ? 'it is no http or https URL'
      : url.username + url.password !== ''
        ? 'credentials do not belong into a URL'
        : undefined;
  if (url && problem === undefined) return url;
  throw new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `the address ${request.url} of ${request.item} is refused: ${problem}`,
  });
}

async function askWithAuthorization(
  parts: ExchangeParts,
  request: ExchangeRequest,
  url: URL,
  run: Run,
): Promise<Trip> {
  const { authorizer } = parts;
  let sent = await authorizer.known(url, request.scope);
  let trip = await ask(parts, request, url, sent, run);
  if (trip.status === 401) {
    // Its place is given back first: the token service may be the same host.
    trip = await detach(trip);
    const challenge = trip.headers.get('www-authenticate');
    const refused = { url, item: request.item, scope: request.scope, challenge, sent };
    const better = await betterHeader(parts, request, refused, run);
    if (better !== undefined) {
      sent = better;
      trip = await ask(parts, request, url, sent, run);
    }
  }
  if ((request.accept ?? [200]).includes(trip.status) || isRedirect(trip, request)) return trip;
  throw await refusal(trip, {
    item: request.item,
    url,
    credentials: await authorizer.use(url),
    changes: changesSomething(request),
  });
}

/** What the challenge asks for. A token service that failed is asked again where the question itself is not. */
async function betterHeader(
  { authorizer, ...parts }: ExchangeParts,
  request: ExchangeRequest,
  refused: RefusedTrip,
  run: Run,
): Promise<string | undefined> {
  for (;;) {
    try {
      return await authorizer.answer(refused, (realm, authorization) =>
        askTokenService({ authorizer, ...parts }, request.item, realm, authorization, run),
      );
    } catch (error) {
      if (request.tokenTries === undefined) throw error;
      await request.tokenTries.failed(error, run);
    }
  }
}

async function ask(
  parts: ExchangeParts,
  request: ExchangeRequest,
  url: URL,
  authorization: string | undefined,
  run: Run,
): Promise<Trip> {
  checkRun(run);
  const { agents, idleMs } = parts;
  const release = await parts.takeSlot(url.host, run);
  const headers = {
    Accept: '*/*',
    'Accept-Encoding': 'identity',
    'User-Agent': parts.userAgent,
    ...request.headers,
    ...(authorization !== undefined && { Authorization: authorization }),
  };
  const init = {
    method: request.method ?? 'GET',
    headers,
    item: request.item,
    agent: agents.forUrl(url),
    idleMs,
    release,
    ...(request.body && { body: request.body }),
  };
  const dial = request.session && agents.dialTo(url);
  const poured =
    request.session && dial && (await startPouredTrip(url, { ...init, session: request.session, dial }, run));
  return poured ?? startTrip(url, init, run);
}

/** A token service gets the credentials of the server that named it, and no redirect is followed with them. */
function askTokenService(
  parts: ExchangeParts,
  item: string,
  realm: URL,
  authorization: string | undefined,
  run: Run,
): Promise<Trip> {
  return ask(parts, { url: realm.href, item }, realm, authorization, run);
}

/** 301, 302 and 303 would make a question of what was meant to change something. */
function isRedirect({ status, headers }: Trip, request: ExchangeRequest): boolean {
  const keepsMethod = status === 307 || status === 308;
  const isOther = status === 301 || status === 302 || status === 303;
  return (keepsMethod || (isOther && !changesSomething(request))) && headers.has('location');
}

function changesSomething({ method = 'GET' }: ExchangeRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function nextUrl(request: ExchangeRequest, from: URL, location: string): URL {
  const next = URL.parse(location, from.href);
  if (!next || !/^https?:$/.test(next.protocol))
    throw badRedirect(request, from, 'redirects to something that is no http address');
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw badRedirect(request, from, `redirects from https to plain HTTP (${next.host})`);
  next.username = '';
  next.password = '';
  return next;
}

const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

function withoutSecrets(headers: HttpRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())),
  );
}

/** Takes a small answer off the wire. Its head is what counts: a connection may be cut because the body of the question was not sent to its end. */
async function detach(trip: Trip): Promise<Trip> {
  const body = await readUpTo(trip, DRAIN_LIMIT).catch(() => Buffer.alloc(0));
  return {
    ...trip,
    bytes: (async function* () {
      yield body;
    })(),
  };
}

/** Reads the rest of an answer nobody wants, so that its connection can be used again. */
async function drain(trip: Trip): Promise<void> {
  await readUpTo(trip, DRAIN_LIMIT).catch(() => undefined);
}

function badRedirect({ item }: ExchangeRequest, from: URL, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${from.host} ${what} for ${item}`,
    origin: 'source',
    data: { host: from.host, item },
  });
}
