import type { Credentials } from './http-client.ts';

/** The header of HTTP basic authentication (RFC 7617), for a user name and a password. */
export function basicOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined || !('username' in credentials)) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/** What may not be repeated of an Authorization header, whoever repeats it: the value, and user name and password in it. */
export function secretsOf(authorization: string | undefined): string[] {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (scheme !== 'Basic') return [value];
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return [value, pair, pair.slice(pair.indexOf(':') + 1)];
}
