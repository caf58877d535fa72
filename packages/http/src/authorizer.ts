import { GapferryError, parseJson } from '@gapferry/core';
import { type Challenge, parseChallenges } from './challenge.ts';
import { type HostRules, isLoopback } from './host-rules.ts';
import type { Credentials, HttpClientOptions } from './http-client.ts';
import { type CredentialsUse, refusal } from './refusal.ts';
import { readUpTo, type Trip } from './trip.ts';

/** Knows what to say in `Authorization`: nothing, basic, or a bearer token (distribution-spec token authentication, as Docker registries do it). */
export interface Authorizer {
  /** The header for a URL as far as it is known without asking anybody. */
  known(url: URL, scope: string | undefined): Promise<string | undefined>;
  /** After a 401: the header its challenge asks for, undefined when there is no better one than `sent`. */
  answer(refused: RefusedTrip, ask: AskTokenService): Promise<string | undefined>;
  /** For the error after a refusal. */
  use(url: URL): Promise<CredentialsUse>;
}

export interface RefusedTrip {
  readonly url: URL;
  readonly item: string;
  readonly scope: string | undefined;
  readonly challenge: string | undefined;
  readonly sent: string | undefined;
}

/** Asks a token service once: no retry, no challenge followed. */
export type AskTokenService = (url: URL, authorization: string | undefined) => Promise<Trip>;

interface Token {
  readonly header: string;
  /** `performance.now()` after which it is not used any more. */
  readonly until: number;
}

const TOKEN_LIMIT = 256 << 10;
const DEFAULT_LIFETIME = 60;

export function createAuthorizer(
  options: Pick<HttpClientOptions, 'credentials'>,
  rules: HostRules,
): Authorizer {
  const asked = new Map<string, Promise<Credentials | undefined>>();
  const basicOrigins = new Set<string>();
  const tokens = createTokens();
  const lookUp = (url: URL): Promise<Credentials | undefined> => {
    const found = asked.get(url.host) ?? Promise.resolve(options.credentials?.(url.host));
    asked.set(url.host, found);
    return found;
  };
  const credentialsFor = async (url: URL): Promise<Credentials | undefined> =>
    rules.mayCarryCredentials(url) ? lookUp(url) : undefined;
  return {
    async known(url, scope) {
      const token = tokens.live(url, scope);
      if (token !== undefined) return token;
      const credentials = await credentialsFor(url);
      if (credentials && 'bearer' in credentials) return `Bearer ${credentials.bearer}`;
      return scope === undefined || basicOrigins.has(url.origin) ? basicOf(credentials) : undefined;
    },
    async answer(refused, ask) {
      const challenges = parseChallenges(refused.challenge ?? '');
      const bearer = challenges.find(
        ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
      );
      const basic = basicOf(await credentialsFor(refused.url));
      if (bearer) return tokens.fresh(refused, () => askToken(refused, bearer, basic, rules, ask));
      const mayBasic = challenges.some(({ scheme }) => scheme === 'basic');
      if (!mayBasic || basic === undefined || basic === refused.sent) return undefined;
      basicOrigins.add(refused.url.origin);
      return basic;
    },
    async use(url) {
      if ((await lookUp(url)) === undefined) return 'none';
      return rules.mayCarryCredentials(url) ? 'used' : 'held-back';
    },
  };
}

/** Tokens by origin and scope; who wants one that is just being asked for waits for it. */
interface Tokens {
  live(url: URL, scope: string | undefined): string | undefined;
  /** A live token that is not the refused one, or a new one. */
  fresh(refused: RefusedTrip, ask: () => Promise<Token>): Promise<string>;
}

function createTokens(): Tokens {
  const tokens = new Map<string, Token>();
  const underway = new Map<string, Promise<Token>>();
  const live = (url: URL, scope: string | undefined): string | undefined => {
    const token = tokens.get(tokenKey(url, scope));
    return token && performance.now() < token.until ? token.header : undefined;
  };
  return {
    live,
    async fresh({ url, scope, sent }, ask) {
      const key = tokenKey(url, scope);
      const known = live(url, scope);
      if (known !== undefined && known !== sent) return known;
      const pending = underway.get(key) ?? ask();
      underway.set(key, pending);
      try {
        const token = await pending;
        tokens.set(key, token);
        return token.header;
      } finally {
        underway.delete(key);
      }
    },
  };
}

function tokenKey(url: URL, scope: string | undefined): string {
  return `${url.origin} ${scope ?? ''}`;
}

function basicOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined || !('username' in credentials)) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

async function askToken(
  refused: RefusedTrip,
  challenge: Challenge,
  authorization: string | undefined,
  rules: HostRules,
  ask: AskTokenService,
): Promise<Token> {
  const url = tokenUrl(refused, challenge, rules);
  const trip = await ask(url, authorization);
  if (trip.status === 200) return readToken(await readUpTo(trip, TOKEN_LIMIT + 1), refused, url);
  const error = await refusal(trip, {
    item: refused.item,
    url: refused.url,
    credentials: authorization === undefined ? 'none' : 'used',
  });
  if (error.code === 'UNAUTHORIZED' || error.retryable) throw error;
  throw noToken(refused, url, `it answered ${trip.status}`);
}

/** The challenge's own scope counts; where it names none, the one the caller wants. The credentials go to the address that the server names, so it must be one that
 *  may carry them; and a server elsewhere has no business with a port of this machine. */
function tokenUrl(refused: RefusedTrip, { parameters }: Challenge, rules: HostRules): URL {
  const realm = URL.parse(parameters.get('realm') ?? '');
  if (!realm || !/^https?:$/.test(realm.protocol) || realm.username !== '' || realm.password !== '')
    throw badRealm(refused, 'is not an http address');
  const isOwnMachine = isLoopback(realm.hostname) && isLoopback(refused.url.hostname);
  if (realm.protocol !== 'https:' && !isOwnMachine && !rules.isInsecure(realm))
    throw badRealm(
      refused,
      `is plain HTTP (${realm.host})`,
      `if that is acceptable, list ${realm.host} under \`insecure\``,
    );
  const service = parameters.get('service');
  if (service !== undefined) realm.searchParams.set('service', service);
  const scope = parameters.get('scope') ?? refused.scope;
  for (const part of scope?.split(' ') ?? []) if (part !== '') realm.searchParams.append('scope', part);
  return realm;
}

function readToken(body: Uint8Array, refused: RefusedTrip, url: URL): Token {
  const answer = parseJson(body, `the answer of the token service ${url.host}`, {
    maxBytes: TOKEN_LIMIT,
    maxDepth: 16,
  }) as Record<string, unknown> | null;
  const token = answer?.['token'] ?? answer?.['access_token'];
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw noToken(refused, url, 'its answer has no token in it');
  const lifetime = answer?.['expires_in'];
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME;
  return { header: `Bearer ${token}`, until: performance.now() + seconds * 900 };
}

function badRealm({ url, item }: RefusedTrip, why: string, hint?: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${url.host} sends to a token service for ${item} whose address ${why}`,
    ...(hint !== undefined && { hint }),
    origin: 'source',
    data: { host: url.host, item },
  });
}

function noToken({ url, item }: RefusedTrip, service: URL, why: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `the token service ${service.host} of ${url.host} gave no token for ${item}: ${why}`,
    origin: 'source',
    data: { host: url.host, service: service.host, item },
  });
}
