import { Args } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { findLedger } from '../../find-ledger.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';

export default class LedgerVerify extends GapferryCommand<typeof LedgerVerify> {
  static override summary = COMMANDS['ledger verify'].summary;
  static override description =
    'Recomputes the hash chain from the first entry to the last. The head it prints also stands in every receipt: compare them to notice a cut tail.';
  static override examples = ['<%= config.bin %> <%= command.id %> site/state'];
  static override args = {
    place: Args.string({ description: 'depot, state directory of a site, or ledger file', required: true }),
  };

  protected async perform(): Promise<Outcome> {
    const { requireIntact, verifyLedger } = await import('@gapferry/ledger');
    const file = await findLedger(this.args.place);
    const verdict = await verifyLedger(file);
    requireIntact(verdict);
    const head =
      verdict.head === undefined
        ? 'it is empty'
        : `head ${verdict.head.digest} at entry ${verdict.head.index}`;
    return {
      json: { file, head: verdict.head, entries: verdict.entries },
      text: `${file}: ${verdict.entries} entries, unbroken; ${head}`,
    };
  }
}
