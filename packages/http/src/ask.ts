import { checkRun, type Run } from '@gapferry/core';
import type { Agents } from './agents.ts';
import type { Authorizer } from './authorizer.ts';
import type { HostRules } from './host-rules.ts';
import type { HostWitness, HttpRequest } from './http-client.ts';
import type { BorneRequest, PatienceFor } from './patience.ts';
import type { PourSession } from './pour-pool.ts';
import { startPouredTrip } from './poured-trip.ts';
import { LONGEST_WAIT } from './refusal.ts';
import { parseRetryAfter } from './retry-after.ts';
import { sendableHeaders } from './sendable-headers.ts';
import { startSentTrip } from './sent-trip.ts';
import type { TakeSlot } from './slots.ts';
import type { TokenQuestion } from './token-question.ts';
import type { Tries } from './tries.ts';
import { type Method, startTrip, type Trip, type TripBody, type TripInit, toTripBody } from './trip.ts';

/** Everything one try needs. */
export interface ExchangeParts {
  readonly agents: Agents;
  readonly rules: HostRules;
  readonly authorizer: Authorizer;
  readonly takeSlot: TakeSlot;
  readonly patienceFor: PatienceFor;
  readonly userAgent: string;
  readonly witness?: HostWitness;
}

export interface ExchangeRequest extends Omit<HttpRequest, 'method'>, Omit<BorneRequest, 'body'> {
  /** Default GET. */
  readonly method?: Method;
  readonly body?: TripBody;
  /** The file that the body of the answer may be poured into. Only for GET. */
  readonly session?: PourSession;
  /** For a question that is not asked again as a whole: how often the token service is. */
  readonly tokenTries?: Tries;
}

/** One question on the wire, when it is its turn. */
export async function ask(
  parts: ExchangeParts,
  request: Omit<ExchangeRequest, 'url'>,
  url: URL,
  authorization: string | undefined,
  run: Run,
): Promise<Trip> {
  checkRun(run);
  const { agents } = parts;
  const said = {
    Accept: '*/*',
    'Accept-Encoding': 'identity',
    'User-Agent': parts.userAgent,
    ...(authorization === undefined ? request.headers : withoutAuthorization(request.headers)),
    ...(authorization !== undefined && { Authorization: authorization }),
  };
  // Before there is a place to give back.
  const headers = sendableHeaders(said, { item: request.item, url });
  const kind = request.isReading ? 'reading' : request.body ? 'sending' : 'body';
  const slot = await parts.takeSlot(url, run, { item: request.item, kind });
  const init: TripInit = {
    method: request.method ?? 'GET',
    headers,
    item: request.item,
    agent: agents.forUrl(url),
    patience: parts.patienceFor({ ...request, isReading: kind === 'reading' && !slot.isAtWork }),
    release: slot.release,
  };
  const trip = await startAny(parts, request, url, init, run).catch((error: unknown) => {
    slot.failed(error);
    throw agents.explained(url, error);
  });
  slot.answered(tooManyFor(trip));
  parts.witness?.answered(url.host, trip.headers);
  return trip;
}

async function startAny(
  { agents }: ExchangeParts,
  { body, session }: Pick<ExchangeRequest, 'body' | 'session'>,
  url: URL,
  init: TripInit,
  run: Run,
): Promise<Trip> {
  if (body) return startSentTrip(url, { ...init, body }, run);
  const dial = session && agents.dialTo(url);
  const poured = session && dial && (await startPouredTrip(url, { ...init, session, dial }, run));
  return poured ?? startTrip(url, init, run);
}

/** Seconds that the host asks to be left alone, where it says that it is asked too much. What is longer than we would wait ends in an error anyway. */
function tooManyFor({ status, headers }: Trip): number | undefined {
  const wait = parseRetryAfter(headers.get('retry-after'), new Date());
  if (status !== 429 && !(status === 503 && wait !== undefined)) return undefined;
  return wait !== undefined && wait <= LONGEST_WAIT ? wait : 0;
}

/** A token service gets the credentials of the server that named it, and no redirect is followed with them. */
export function askTokenService(
  parts: ExchangeParts,
  item: string,
  { url, authorization, form }: TokenQuestion,
  run: Run,
): Promise<Trip> {
  if (form === undefined) return ask(parts, { item, isReading: true }, url, authorization, run);
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = toTripBody(Buffer.from(form.toString()));
  return ask(parts, { item, method: 'POST', headers, body, isReading: true }, url, authorization, run);
}

/** What the caller says himself; it counts instead of what the client knows. */
export function authorizationIn(headers: HttpRequest['headers'] = {}): string | undefined {
  return Object.entries(headers).find(([name]) => isAuthorization(name))?.[1];
}

function withoutAuthorization(headers: HttpRequest['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isAuthorization(name)));
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === 'authorization';
}
