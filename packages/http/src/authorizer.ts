import { createAskForToken } from './ask-for-token.ts';
import { basicOf } from './basic.ts';
import { parseChallenges } from './challenge.ts';
import type { HostRules } from './host-rules.ts';
import type { Credentials, HttpClientOptions } from './http-client.ts';
import type { CredentialsUse } from './refusal.ts';
import type { AskTokenService, AuthorizedTrip } from './token-question.ts';
import { repositoryOf } from './token-scope.ts';
import { createTokens, isLive, tokenKey } from './tokens.ts';

/** Knows what to say in `Authorization`: nothing, basic, or a bearer token (distribution-spec token authentication, as Docker registries do it). */
export interface Authorizer {
  /** The header for a trip as far as it is known before the server says anything. A token that is about to expire is replaced. */
  known(trip: AuthorizedTrip, ask: AskTokenService): Promise<string | undefined>;
  /** After a 401: the header its challenge asks for, undefined when there is no better one than `sent`. */
  answer(refused: RefusedTrip, ask: AskTokenService): Promise<string | undefined>;
  /** For the error after a refusal. */
  use(trip: Pick<AuthorizedTrip, 'url' | 'scope'>): Promise<CredentialsUse>;
}

export interface RefusedTrip extends AuthorizedTrip {
  readonly challenge: string | undefined;
  readonly sent: string | undefined;
}

export function createAuthorizer(
  options: Pick<HttpClientOptions, 'credentials'>,
  rules: HostRules,
): Authorizer {
  const lookUp = createLookUp(options.credentials);
  const basicOrigins = new Set<string>();
  const tokens = createTokens();
  const askForToken = createAskForToken(rules);
  const credentialsFor = async (trip: AuthorizedTrip): Promise<Credentials | undefined> =>
    rules.mayCarryCredentials(trip.url) ? lookUp(trip.url, trip.scope) : undefined;
  return {
    async known(trip, ask) {
      const key = tokenKey(trip.url, trip.scope);
      const last = tokens.last(key);
      if (last && isLive(last)) return last.header;
      const credentials = await credentialsFor(trip);
      if (last) return tokens.fresh(key, last.header, () => askForToken({ ...last, trip, credentials, ask }));
      if (credentials && 'bearer' in credentials) return `Bearer ${credentials.bearer}`;
      return trip.scope === undefined || basicOrigins.has(trip.url.origin) ? basicOf(credentials) : undefined;
    },
    async answer(refused, ask) {
      const challenges = parseChallenges(refused.challenge ?? '');
      const bearer = challenges.find(
        ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
      );
      const credentials = await credentialsFor(refused);
      // A token that was given is all there is: an anonymous one in its place would hide that it is refused.
      if (credentials && 'bearer' in credentials)
        return refused.sent === undefined ? `Bearer ${credentials.bearer}` : undefined;
      if (bearer)
        return tokens.fresh(tokenKey(refused.url, refused.scope), refused.sent, () =>
          askForToken({ trip: refused, challenge: bearer, credentials, ask }),
        );
      const basic = basicOf(credentials);
      const mayBasic = challenges.some(({ scheme }) => scheme === 'basic');
      if (!mayBasic || basic === undefined || basic === refused.sent) return undefined;
      basicOrigins.add(refused.url.origin);
      return basic;
    },
    async use({ url, scope }) {
      if ((await lookUp(url, scope)) === undefined) return 'none';
      return rules.mayCarryCredentials(url) ? 'used' : 'held-back';
    },
  };
}

/** Asks at most once per host and repository. */
function createLookUp(
  credentials: HttpClientOptions['credentials'],
): (url: URL, scope: string | undefined) => Promise<Credentials | undefined> {
  const asked = new Map<string, Promise<Credentials | undefined>>();
  return (url, scope) => {
    const repository = repositoryOf(scope);
    const key = `${url.host} ${repository ?? ''}`;
    const found = asked.get(key) ?? Promise.resolve(credentials?.(url.host, repository));
    asked.set(key, found);
    return found;
  };
}
