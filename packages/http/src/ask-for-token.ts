import { GapferryError, isGapferryError, parseJson } from '@gapferry/core';
import { basicOf, secretsOf } from './basic.ts';
import type { Challenge } from './challenge.ts';
import type { HostRules } from './host-rules.ts';
import type { Credentials } from './http-client.ts';
import { refusal } from './refusal.ts';
import type { AskTokenService, AuthorizedTrip, TokenQuestion } from './token-question.ts';
import { realmOf } from './token-realm.ts';
import { joinScopes } from './token-scope.ts';
import type { Token } from './tokens.ts';
import { readUpTo, type Trip } from './trip.ts';

export interface WantedToken {
  readonly trip: AuthorizedTrip;
  readonly challenge: Challenge;
  readonly credentials: Credentials | undefined;
  readonly ask: AskTokenService;
}

/** Asks the service that a challenge names (distribution: token authentication by GET, and by OAuth2 POST for identity tokens).
 *  Throws `UNAUTHORIZED` and `FORBIDDEN` for what it refuses, `PROTOCOL_VIOLATION` for answers that are none, and the errors of a failed trip. */
export type AskForToken = (wanted: WantedToken) => Promise<Token>;

const TOKEN_LIMIT = 256 << 10;
const DEFAULT_LIFETIME = 60;

export function createAskForToken(rules: HostRules): AskForToken {
  /** A service may give a newer identity token with an answer; the old one may then be of no use. */
  const newer = new Map<string, string>();
  return async ({ trip, challenge, credentials, ask }) => {
    const realm = realmOf(trip, challenge, rules);
    const identity = credentials && 'identityToken' in credentials ? credentials.identityToken : undefined;
    const question =
      identity === undefined
        ? byGet(realm, trip, challenge, basicOf(credentials))
        : byPost(realm, trip, challenge, newer.get(identity) ?? identity);
    const answer = await ask(question);
    if (answer.status !== 200) throw await noTokenFor(answer, trip, question);
    const body = await readJson(answer, trip);
    const next = body?.['refresh_token'];
    if (identity !== undefined && typeof next === 'string' && next !== '') newer.set(identity, next);
    return toToken(body, trip, challenge, realm);
  };
}

function byGet(
  realm: URL,
  trip: AuthorizedTrip,
  { parameters }: Challenge,
  authorization: string | undefined,
): TokenQuestion {
  const url = new URL(realm);
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  for (const part of joinScopes(parameters.get('scope'), trip.scope)) url.searchParams.append('scope', part);
  return { url, authorization };
}

function byPost(
  url: URL,
  trip: AuthorizedTrip,
  { parameters }: Challenge,
  refreshToken: string,
): TokenQuestion {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: parameters.get('service') ?? '',
    client_id: 'gapferry',
    scope: joinScopes(parameters.get('scope'), trip.scope).join(' '),
    refresh_token: refreshToken,
  });
  return { url, form };
}

/** OAuth2 says 400 for a refresh token it does not know (RFC 6749, section 5.2). */
async function noTokenFor(
  answer: Trip,
  trip: AuthorizedTrip,
  { url, authorization, form }: TokenQuestion,
): Promise<GapferryError> {
  const status = form !== undefined && answer.status === 400 ? 401 : answer.status;
  const error = await refusal(
    { ...answer, status },
    {
      item: trip.item,
      url: status < 500 ? trip.url : url,
      credentials: authorization === undefined && form === undefined ? 'none' : 'used',
      secrets: [...secretsOf(authorization), form?.get('refresh_token') ?? ''],
    },
  );
  if (error.retryable || error.code === 'UNAUTHORIZED' || error.code === 'FORBIDDEN') return error;
  return noToken(trip, url, `it answered ${answer.status}`);
}

/** Where nothing says how long the answer is, one that is no JSON may have been cut. */
async function readJson(answer: Trip, trip: AuthorizedTrip): Promise<Record<string, unknown> | null> {
  const body = await readUpTo(answer, TOKEN_LIMIT + 1);
  const limits = { maxBytes: TOKEN_LIMIT, maxDepth: 16 };
  try {
    return parseJson(body, `the answer of the token service ${answer.url.host}`, limits) as never;
  } catch (error) {
    const hasEnd = answer.headers.has('content-length') || answer.headers.has('transfer-encoding');
    if (hasEnd || !isGapferryError(error) || body.byteLength > TOKEN_LIMIT) throw error;
    throw new GapferryError({
      code: 'CONNECTION_CUT',
      message: `the token service ${answer.url.host} of ${trip.url.host} gave no whole answer for ${trip.item}`,
      origin: 'source',
      retryable: true,
      data: { host: trip.url.host, service: answer.url.host, item: trip.item },
    });
  }
}

function toToken(
  answer: Record<string, unknown> | null,
  trip: AuthorizedTrip,
  challenge: Challenge,
  realm: URL,
): Token {
  const token = answer?.['token'] ?? answer?.['access_token'];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw noToken(trip, realm, 'its answer has no token in it');
  const lifetime = answer?.['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME;
  return { header: `Bearer ${token}`, until: performance.now() + seconds * 900, challenge };
}

function noToken({ url, item }: AuthorizedTrip, service: URL, why: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `the token service ${service.host} of ${url.host} gave no token for ${item}: ${why}`,
    origin: 'source',
    data: { host: url.host, service: service.host, item },
  });
}
