import { formatReleaseAddress, GapferryError, type ReleaseAddress } from '@gapferry/core';

/** What the operator said about the release to take; nothing said means the only channel's newest. */
export interface WantedRelease {
  readonly channel?: string;
  readonly sequence?: number;
  /** Where the addresses stand, for the errors: a directory. */
  readonly place?: string;
}

/** Chooses one release of those that stand on a medium; pure. The names are the medium's and nobody has judged them yet: the first gate compares them with what is signed.
 *  Throws `RELEASE_NOT_FOUND` and `RELEASE_AMBIGUOUS`, saying what is there. */
export function selectRelease(
  addresses: readonly ReleaseAddress[],
  wanted: WantedRelease = {},
): ReleaseAddress {
  const fitting = addresses.filter(
    ({ channel, sequence }) =>
      channel === (wanted.channel ?? channel) && sequence === (wanted.sequence ?? sequence),
  );
  const channels = [...new Set(fitting.map(({ channel }) => channel))];
  if (channels.length > 1) throw ambiguous(channels, wanted);
  const [newest] = [...fitting].sort((a, b) => b.sequence - a.sequence);
  if (newest === undefined) throw notFound(addresses, wanted);
  return newest;
}

function ambiguous(channels: readonly string[], { place }: WantedRelease): GapferryError {
  return new GapferryError({
    code: 'RELEASE_AMBIGUOUS',
    message: `${place ?? 'the medium'} holds releases of ${channels.length} channels: ${listed(channels)}`,
    hint: `say which channel is meant: ${place ?? 'DIRECTORY'}#${channels[0]}`,
    data: { channels },
  });
}

function notFound(
  addresses: readonly ReleaseAddress[],
  { channel, sequence, place }: WantedRelease,
): GapferryError {
  const number = sequence === undefined ? '' : ` number ${sequence}`;
  const line = channel === undefined ? '' : ` of channel ${channel}`;
  const there = addresses.map(formatReleaseAddress);
  return new GapferryError({
    code: 'RELEASE_NOT_FOUND',
    message: `${place ?? 'the medium'} holds no release${there.length === 0 ? ' at all' : `${number}${line}; it holds ${listed(there)}`}`,
    hint:
      there.length === 0
        ? 'look whether this is the right place and whether writing it came to its end: the release is written last'
        : 'name one of those that are there',
    data: { releases: there },
  });
}

function listed(names: readonly string[]): string {
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return `${names.slice(0, 20).join(', ')}${more}`;
}
