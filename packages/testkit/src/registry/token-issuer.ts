import { randomBytes } from 'node:crypto';
import { type Credentials, hasBasic } from '../http/credentials.ts';
import { startHttpServer, type TestServer } from '../http/http-server.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import type { TlsIdentity } from '../tls-identity.ts';

export type Action = 'pull' | 'push' | 'delete';

export interface TokenIssuerOptions extends Credentials {
  readonly tls?: TlsIdentity;
  /** Seconds; default 300. */
  readonly tokenLifetime?: number;
  /** Gives tokens for `pull` to everybody. */
  readonly anonymousPull?: boolean;
}

/** A token service (Docker registry v2 authentication, token.md) on a port of its own. */
export interface TokenIssuer {
  readonly server: TestServer;
  readonly realm: string;
  readonly service: string;
  /** Does this live token allow the action? `undefined`: the token is not known or has expired. */
  allows(token: string, name: string, action: Action): boolean | undefined;
  isLive(token: string): boolean;
  /** Ends the life of every token given so far. */
  expireTokens(): void;
}

interface Grant {
  readonly expires: number;
  readonly scopes: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function startTokenIssuer(options: TokenIssuerOptions): Promise<TokenIssuer> {
  const grants = new Map<string, Grant>();
  const server = await startHttpServer(
    (request) => issue(request, options, grants),
    options.tls === undefined ? {} : { tls: options.tls },
  );
  const live = (token: string): Grant | undefined => {
    const grant = grants.get(token);
    return grant === undefined || grant.expires <= Date.now() ? undefined : grant;
  };
  return {
    server,
    realm: `${server.url}/token`,
    service: 'testkit-registry',
    allows: (token, name, action) => {
      const grant = live(token);
      return grant === undefined ? undefined : (grant.scopes.get(name)?.has(action) ?? false);
    },
    isLive: (token) => live(token) !== undefined,
    expireTokens: () => grants.clear(),
  };
}

function issue(request: TestRequest, options: TokenIssuerOptions, grants: Map<string, Grant>): Reply {
  if (request.path !== '/token' || request.method !== 'GET') return { status: 404 };
  if (request.query.get('service') !== 'testkit-registry')
    return jsonReply(400, { errors: [{ code: 'UNSUPPORTED', message: 'unknown service' }] });
  const known = hasBasic(request, options);
  const anonymous = request.headers.authorization === undefined && options.anonymousPull === true;
  if (!known && !anonymous) return refused();
  const lifetime = options.tokenLifetime ?? 300;
  const token = randomBytes(24).toString('base64url');
  grants.set(token, { expires: Date.now() + lifetime * 1000, scopes: scopesOf(request, known) });
  const issuedAt = new Date().toISOString();
  return jsonReply(200, { token, access_token: token, expires_in: lifetime, issued_at: issuedAt });
}

export function refused(): Reply {
  return jsonReply(
    401,
    { errors: [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }] },
    { 'www-authenticate': 'Basic realm="testkit token service"' },
  );
}

/** `repository:<name>:<action>,<action>`; several scopes by repeated parameters or spaces. */
export function scopesOf(request: TestRequest, known: boolean): Map<string, Set<string>> {
  const scopes = new Map<string, Set<string>>();
  for (const scope of request.query.getAll('scope').flatMap((text) => text.split(' '))) {
    const match = /^repository:(.+):([a-z,*]+)$/.exec(scope);
    if (match === null) continue;
    const [, name = '', actions = ''] = match;
    const granted = actions.split(',').filter((action) => known || action === 'pull');
    scopes.set(name, new Set([...(scopes.get(name) ?? []), ...granted]));
  }
  return scopes;
}
