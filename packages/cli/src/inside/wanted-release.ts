import type { ReleaseAddress } from '@gapferry/core';
import { GapferryError } from '@gapferry/core';
import { parseReleasePlace, type ReleasePlace } from '../release-place.ts';

/** Which release an import is about: on a medium, or one that the site keeps itself. */
export type WantedRelease =
  | { readonly from: 'medium'; readonly place: ReleasePlace }
  | { readonly from: 'site'; readonly address: ReleaseAddress };

/** From PLACE and `--to CHANNEL/NUMBER`, one of which must be there. Throws `USAGE`. */
export function wantedRelease(place: string | undefined, to: string | undefined): WantedRelease {
  if (place === undefined && to === undefined)
    throw usage(
      'no release is named',
      'name a medium, or a release that was loaded before: --to CHANNEL/NUMBER',
    );
  const named = place === undefined ? undefined : parseReleasePlace(place);
  const address = to === undefined ? undefined : parseAddress(to);
  if (named === undefined) return { from: 'site', address: address as ReleaseAddress };
  if (address === undefined) return { from: 'medium', place: named };
  const isOther =
    (named.channel ?? address.channel) !== address.channel ||
    (named.sequence ?? address.sequence) !== address.sequence;
  if (isOther)
    throw usage(`${place} is another release than ${to}`, 'leave out one of them, or make them the same');
  return { from: 'medium', place: { directory: named.directory, ...address } };
}

/** `line-a/17`. Throws `USAGE`. */
export function parseAddress(text: string): ReleaseAddress {
  const [, channel = '', number] = /^([a-z0-9][a-z0-9._-]*)\/([1-9][0-9]{0,15})$/.exec(text) ?? [];
  if (number !== undefined) return { channel, sequence: Number(number) };
  throw usage(`"${text.slice(0, 200)}" does not name a release`, 'write CHANNEL/NUMBER');
}

function usage(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'USAGE', message, hint });
}
