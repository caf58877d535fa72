import type { Credentials } from './http-client.ts';

/** The header of HTTP basic authentication (RFC 7617), for a user name and a password. */
export function basicOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined || !('username' in credentials)) return undefined;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
