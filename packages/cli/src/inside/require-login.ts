import type { HttpClient } from '@gapferry/http';
import type { OpenWriter } from './open-registry.ts';
import { unusable } from './registry-credentials.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
  /** Of a header: Basic. */
  readonly authorization: string;
}

/** User name and password of a target whose API wants them as well. Closes the client and throws `USAGE` where there are none. */
export async function requireLogin(
  credentials: OpenWriter['credentials'],
  { name, url }: { readonly name: string; readonly url: string },
  http: HttpClient,
): Promise<Login> {
  const found = await credentials?.(new URL(url).host);
  if (found === undefined || !('username' in found)) {
    http.close();
    throw unusable(
      name,
      'user name and password are needed',
      'say in site.yaml where they are: `credentials: {env: NAME}`',
    );
  }
  const { username, password } = found;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return { username, password, authorization };
}
