import { bearerToken, type Credentials, hasBasic } from '../http/credentials.ts';
import type { TestRequest } from '../http/test-request.ts';
import { RegistryError } from './registry-error.ts';
import type { Action, TokenIssuer } from './token-issuer.ts';

/** Decides who may do what. Throws `UNAUTHORIZED` with the challenge that tells the client how to ask. */
export interface Gate {
  /** `/v2/`: anybody who is known. */
  enter(request: TestRequest): void;
  require(request: TestRequest, name: string, action: Action): void;
  /** May the caller do it? For the source of a mount. */
  allows(request: TestRequest, name: string, action: Action): boolean;
}

export const openGate: Gate = { enter: () => {}, require: () => {}, allows: () => true };

export function basicGate(credentials: Credentials): Gate {
  const enter = (request: TestRequest): void => {
    if (!hasBasic(request, credentials)) throw unauthorized('Basic realm="testkit registry"');
  };
  return { enter, require: enter, allows: () => true };
}

export function bearerGate(tokens: TokenIssuer): Gate {
  const challenge = (scope: string, error: string): RegistryError =>
    unauthorized(`Bearer realm="${tokens.realm}",service="${tokens.service}"${scope}${error}`);
  return {
    enter: (request) => {
      const token = bearerToken(request);
      if (token === undefined || !tokens.isLive(token)) throw challenge('', '');
    },
    require: (request, name, action) => {
      const token = bearerToken(request);
      const allowed = token === undefined ? undefined : tokens.allows(token, name, action);
      if (allowed === true) return;
      const scope = `,scope="repository:${name}:${action === 'push' ? 'pull,push' : action}"`;
      throw challenge(scope, token === undefined ? '' : `,error="${reason(allowed)}"`);
    },
    allows: (request, name, action) => tokens.allows(bearerToken(request) ?? '', name, action) === true,
  };
}

function reason(allowed: false | undefined): string {
  return allowed === undefined ? 'invalid_token' : 'insufficient_scope';
}

function unauthorized(challenge: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', 'authentication required', null, {
    'www-authenticate': challenge,
  });
}
