import { basename, dirname } from 'node:path';
import { printable } from '@gapferry/core';
import type { NotedHead } from '@gapferry/ledger';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { findLedger } from '../../find-ledger.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { LEDGER_RESTARTED, notedHeads, stillNoted } from '../../inside/noted-heads.ts';
import { readReceipt } from '../../inside/receipts.ts';

export default class LedgerVerify extends GapferryCommand<typeof LedgerVerify> {
  static override summary = COMMANDS['ledger verify'].summary;
  static override description =
    "Recomputes the hash chain from the first entry to the last, and holds it against the heads that stand in the site's receipts and state beside it: a cut tail, or an older ledger put back, is found. Receipts that left the site tell more than those that lie beside the ledger.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> site/state',
    '<%= config.bin %> <%= command.id %> site/state --receipt /media/stick/receipts/000003-line-a-3.sigstore.json',
  ];
  static override args = {
    place: Args.string({ description: 'depot, state directory of a site, or ledger file', required: true }),
  };
  static override flags = {
    receipt: Flags.string({
      description: 'a receipt that left the site: its head must be in the ledger',
      multiple: true,
      helpValue: 'FILE',
    }),
  };

  protected async perform(): Promise<Outcome> {
    const { openLedger, requireIntact, verifyLedger } = await import('@gapferry/ledger');
    const file = await findLedger(this.args.place);
    const ledger = await openLedger(file, { clock: systemClock, readOnly: true });
    try {
      const noted = [...(await notedHeads(dirname(file))), ...(await this.#receipts())];
      const wanted = stillNoted(ledger, noted);
      const verdict = await verifyLedger(file, { noted: wanted });
      requireIntact(verdict);
      const restarts = [...ledger.history([LEDGER_RESTARTED])].map(({ index, at, data }) => ({
        index,
        at,
        reason: String(data['reason']),
      }));
      const { head, entries, setBack = [] } = verdict;
      const where = head === undefined ? 'it is empty' : `head ${head.digest} at entry ${head.index}`;
      return {
        json: {
          file,
          head,
          entries,
          noted: wanted.length,
          ...(restarts.length > 0 && { restarts }),
          ...(setBack.length > 0 && { setBack }),
        },
        text: [
          `${file}: ${entries} entries, unbroken; ${where}${wanted.length === 0 ? '' : `; ${wanted.length} head(s) that stand elsewhere are in it`}`,
          ...setBack.map(
            ({ index, from, to }) =>
              `entry ${index}: the clock was set back, from ${printable(from)} to ${printable(to)}`,
          ),
          ...restarts.map(
            ({ index, at, reason }) =>
              `entry ${index}: begun anew at ${at}, what was before is lost: ${printable(reason)}`,
          ),
        ].join('\n'),
      };
    } finally {
      ledger.close();
    }
  }

  async #receipts(): Promise<NotedHead[]> {
    const read = (this.flags.receipt ?? []).map((file) => readReceipt(file));
    return (await Promise.all(read)).map(({ file, receipt }) => ({
      ...receipt.ledger,
      where: `the receipt ${basename(file)}`,
    }));
  }
}
