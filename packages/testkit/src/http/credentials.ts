import type { TestRequest } from './test-request.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Does the request carry these as Basic credentials (RFC 7617)? */
export function hasBasic(request: TestRequest, { username, password }: Credentials): boolean {
  const given = /^basic +(.*)$/i.exec(request.headers.authorization ?? '')?.[1];
  return given !== undefined && Buffer.from(given, 'base64').toString('utf8') === `${username}:${password}`;
}

export function bearerToken(request: TestRequest): string | undefined {
  return /^bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1];
}
