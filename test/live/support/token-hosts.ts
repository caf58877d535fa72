import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as requestInPlain } from 'node:http';
import { request as requestByTls } from 'node:https';

/** Hosts besides its own that a registry sends clients to for their tokens. Asked as a stranger: who comes with credentials is not sent to the token service. */
export async function hostsOfTokens({
  url,
  ca,
}: {
  readonly url: string;
  /** Path of a PEM file. */
  readonly ca?: string;
}): Promise<string[]> {
  const request = url.startsWith('https:')
    ? requestByTls(`${url}/v2/`, ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') })
    : requestInPlain(`${url}/v2/`);
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.resume();
  const realm = /realm="([^"]+)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1];
  const host = realm === undefined ? undefined : URL.parse(realm)?.host;
  return host === undefined || host === new URL(url).host ? [] : [host];
}
