import { GapferryError } from '@gapferry/core';
import type { Challenge } from './challenge.ts';
import { type HostRules, isLoopback } from './host-rules.ts';
import type { AuthorizedTrip } from './token-question.ts';

/** The address of the token service. The credentials go to the address that the server names, so it must be one that may carry them; and a server elsewhere has no
 *  business with a port of this machine. Throws `PROTOCOL_VIOLATION`. */
export function realmOf(trip: AuthorizedTrip, { parameters }: Challenge, rules: HostRules): URL {
  const realm = URL.parse(parameters.get('realm') ?? '');
  if (!realm || !/^https?:$/.test(realm.protocol) || realm.username !== '' || realm.password !== '')
    throw badRealm(trip, 'is not an http address');
  const isOwnMachine = isLoopback(realm.hostname) && isLoopback(trip.url.hostname);
  if (realm.protocol !== 'https:' && !isOwnMachine && !rules.isInsecure(realm))
    throw badRealm(
      trip,
      `is plain HTTP (${realm.host})`,
      `if that is acceptable, list ${realm.host} under \`insecure\``,
    );
  if (!rules.mayBeAsked(realm))
    throw badRealm(
      trip,
      `is on another host (${realm.host})`,
      `if ${realm.host} belongs to it, name it under \`also\` of the target as well`,
    );
  return realm;
}

function badRealm({ url, item }: AuthorizedTrip, why: string, hint?: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${url.host} sends to a token service for ${item} whose address ${why}`,
    ...(hint !== undefined && { hint }),
    origin: 'source',
    data: { host: url.host, item },
  });
}
