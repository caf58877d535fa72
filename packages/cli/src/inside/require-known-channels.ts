import { GapferryError, type Ledger } from '@gapferry/core';
import type { PruneChoice } from '@gapferry/importer';
import type { SiteState } from '@gapferry/ledger';
import { LEDGER_RESTARTED } from './noted-heads.ts';

/** After a ledger was begun anew it tells of a channel first when something of it is loaded again. Throws `RELEASE_INCOMPLETE` for a channel that the site accepted a release of and that the ledger does not know: nobody can say what it needs. */
export function requireKnownChannels(
  ledger: Ledger,
  marks: ReturnType<SiteState['marks']>,
  known: readonly Pick<PruneChoice, 'channel'>[],
): void {
  const [restarted] = ledger.history([LEDGER_RESTARTED]);
  if (restarted === undefined) return;
  const channels = new Set(known.map(({ channel }) => channel));
  const lost = Object.keys(marks).filter(
    (channel) => (marks[channel]?.sequence ?? 0) > 0 && !channels.has(channel),
  );
  if (lost.length === 0) return;
  throw new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `the ledger was begun anew and does not tell what is loaded of ${lost.join(', ')}`,
    hint: 'nothing was pruned; import what these channels stand at once more, which changes nothing and writes it down',
    origin: 'site',
    data: { channels: lost },
  });
}
