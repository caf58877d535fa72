import { formatLedgerEntry } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { findLedger } from '../../find-ledger.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';

export default class LedgerShow extends GapferryCommand<typeof LedgerShow> {
  static override summary = COMMANDS['ledger show'].summary;
  static override examples = [
    '<%= config.bin %> <%= command.id %> site/state',
    '<%= config.bin %> <%= command.id %> depot --last 10',
  ];
  static override args = {
    place: Args.string({ description: 'depot, state directory of a site, or ledger file', required: true }),
  };
  static override flags = {
    last: Flags.integer({ description: 'only the last N entries', min: 1, helpValue: 'N' }),
    kind: Flags.string({
      description: 'only entries of this kind, for example release.sealed',
      multiple: true,
      helpValue: 'KIND',
    }),
  };

  protected async perform(): Promise<Outcome> {
    const { openLedger } = await import('@gapferry/ledger');
    const ledger = await openLedger(await findLedger(this.args.place), {
      clock: systemClock,
      readOnly: true,
    });
    try {
      const all = [...ledger.history(this.flags.kind)];
      const entries = this.flags.last === undefined ? all : all.slice(-this.flags.last);
      const lines = entries.map(formatLedgerEntry);
      return {
        json: { head: ledger.head(), entries },
        text: lines.length === 0 ? 'no entries' : lines.join('\n'),
      };
    } finally {
      ledger.close();
    }
  }
}
