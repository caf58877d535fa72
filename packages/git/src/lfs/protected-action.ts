import { GapferryError } from '@gapferry/core';
import type { LfsAction } from './batch-answer.ts';
import type { LfsEndpoint } from './lfs-endpoint.ts';

/** An address that is as well protected as the API that named it: its header may be a password. A host behind a proxy that ends TLS may not know that it is asked by https: what it says of itself is meant so. Another port may be something else, unless what lies there is the repository's.
 *  Throws `PROTOCOL_VIOLATION` for plain HTTP elsewhere; never quotes the address, which may be signed. */
export function protectedAction({ url }: LfsEndpoint, action: LfsAction, item: string): LfsAction {
  const [asked, place] = [new URL(url), new URL(action.href)];
  if (asked.protocol !== 'https:' || place.protocol !== 'http:') return action;
  if (isItself(asked, place)) return { ...action, href: `${asked.origin}${place.pathname}${place.search}` };
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'source',
    message: `${asked.host} sends from https to plain HTTP (${place.host}) for Git LFS objects of ${item}`,
    hint: `have ${place.host} speak https, and the addresses that ${asked.host} gives out corrected`,
    data: { host: asked.host, item },
  });
}

function isItself(asked: URL, place: URL): boolean {
  if (place.hostname !== asked.hostname) return false;
  // Hosts do not care how owners are spelled.
  const repository = `${asked.pathname.replace(/\/info\/lfs$/, '')}/`.toLowerCase();
  return place.port === '' || place.pathname.toLowerCase().startsWith(repository);
}
