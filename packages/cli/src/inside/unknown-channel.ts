import { GapferryError } from '@gapferry/core';

/** `RELEASE_NOT_FOUND` for a channel of which nothing was ever imported: mistyped, or of another site. */
export function unknownChannel(channel: string, known: readonly string[]): GapferryError {
  return new GapferryError({
    code: 'RELEASE_NOT_FOUND',
    message: `nothing of channel ${channel} was ever imported at this site`,
    hint: known.length === 0 ? 'nothing was imported yet' : `channels with imports: ${known.join(', ')}`,
    origin: 'site',
  });
}
