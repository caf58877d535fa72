import { GapferryError, type Ledger } from '@gapferry/core';
import type { ChannelHistory } from '@gapferry/importer';
import type { Marks } from '@gapferry/ledger';
import { LEDGER_RESTARTED } from './noted-heads.ts';

/** `channelHistories` of the ledger. */
type Histories = ReadonlyMap<string, ChannelHistory>;

/** After a ledger was begun anew it tells what is loaded of a channel first when something of it was loaded again: the channels of which the site accepted a release and of which it does not tell yet. None where it was never begun anew: a mark may come from the policy. */
export function forgottenChannels(ledger: Ledger, marks: Marks, histories: Histories): readonly string[] {
  const [restarted] = ledger.history([LEDGER_RESTARTED]);
  if (restarted === undefined) return [];
  return Object.entries(marks).flatMap(([channel, { sequence }]) =>
    sequence > 0 && histories.get(channel)?.loaded === undefined ? [channel] : [],
  );
}

/** What to say of them. */
export function forgotten(channels: readonly string[]): GapferryError {
  return new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `the ledger was begun anew and does not tell what is loaded of ${channels.join(', ')}`,
    hint: 'import what is loaded there once more, which changes nothing and writes it down',
    origin: 'site',
    data: { channels },
  });
}

/** Nobody can say what a forgotten channel needs. Throws `RELEASE_INCOMPLETE`. */
export function requireKnownChannels(ledger: Ledger, marks: Marks, histories: Histories): void {
  const lost = forgottenChannels(ledger, marks, histories);
  if (lost.length > 0) throw forgotten(lost);
}
