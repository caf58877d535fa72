import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { type Credentials, hasBasic } from '../http/credentials.ts';
import { startHttpServer, type TestServer } from '../http/http-server.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import type { TlsIdentity } from '../tls-identity.ts';
import { refused, scopesOf } from './token-issuer.ts';

export interface TokenServerOptions extends Credentials {
  /** Signs the tokens and serves TLS. The registry trusts its authority (`rootcertbundle` of distribution). */
  readonly identity: TlsIdentity;
  /** Repositories that `username` may use; all unless given. Asking for another is answered with a token that allows nothing. */
  readonly repositories?: readonly string[];
}

/** A token service for a real registry (distribution's token specification, jwt.md): HTTPS, ES256, the certificate in `x5c`. */
export interface TokenServer extends TestServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
}

const SERVICE = 'live-registry';
const ISSUER = 'testkit-token-server';
/** Seconds. */
const LIFETIME = 300;

export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const server = await startHttpServer((request) => issue(request, options), { tls: options.identity });
  return { ...server, realm: `${server.url}/token`, service: SERVICE, issuer: ISSUER };
}

function issue(request: TestRequest, options: TokenServerOptions): Reply {
  if (request.path !== '/token' || request.method !== 'GET') return { status: 404 };
  if (!hasBasic(request, options)) return refused();
  const granted = [...scopesOf(request, true)].filter(
    ([name]) => options.repositories === undefined || options.repositories.includes(name),
  );
  const access = granted.map(([name, actions]) => ({ type: 'repository', name, actions: [...actions] }));
  const token = signedToken(access, options);
  return jsonReply(200, { token, expires_in: LIFETIME, issued_at: new Date().toISOString() });
}

function signedToken(access: readonly unknown[], { identity, username }: TokenServerOptions): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(identity.cert).raw.toString('base64');
  const header = { typ: 'JWT', alg: 'ES256', x5c: [certificate] };
  const times = { iat: now, nbf: now - 10, exp: now + LIFETIME };
  const claims = { iss: ISSUER, sub: username, aud: SERVICE, ...times, jti: randomUUID(), access };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const key = { key: createPrivateKey(identity.key), dsaEncoding: 'ieee-p1363' } as const;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}
