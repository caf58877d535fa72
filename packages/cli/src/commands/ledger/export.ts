import { dirname } from 'node:path';
import { GapferryError } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { findLedger } from '../../find-ledger.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import {
  EXPORT_FORMATS,
  exportedLines,
  type LedgerExport,
  parseSince,
  requireExportPlace,
  writeLinesTo,
} from '../../inside/export-ledger.ts';
import { notedHeads, requireNoted } from '../../inside/noted-heads.ts';
import { writeLines } from '../../terminal/write-lines.ts';

export default class LedgerExportCommand extends GapferryCommand<typeof LedgerExportCommand> {
  static override summary = COMMANDS['ledger export'].summary;
  static override description =
    'One line for each entry, oldest first: whole entries as canonical JSON, by which anybody can recompute the chain; or CEF, plain or as syslog (RFC 5424), for a SIEM. The chain is proved before the first line: of a ledger that was changed nothing is written (exit 4); who looks into that copies the file as it is. With --since the next export begins where the last one ended.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> site/state -o ledger.jsonl',
    '<%= config.bin %> <%= command.id %> site/state --format syslog --since 120 | nc -q1 siem.plant7.internal 514',
  ];
  static override args = {
    place: Args.string({ description: 'depot, state directory of a site, or ledger file', required: true }),
  };
  static override flags = {
    format: Flags.option({
      description: 'json-lines, cef or syslog',
      options: EXPORT_FORMATS,
      default: 'json-lines' as const,
    })(),
    since: Flags.string({
      description: 'from this entry on, or from this time',
      helpValue: 'INDEX|TIME',
    }),
    output: Flags.string({ char: 'o', description: 'file to write instead of stdout', helpValue: 'FILE' }),
  };

  protected async perform(): Promise<Outcome> {
    const { output, format } = this.flags;
    const since = parseSince(this.flags.since);
    if (this.flags.json && output === undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: 'with --json, stdout is for the result',
        hint: 'name a file with --output, or leave --json away: the lines are JSON',
      });
    if (output !== undefined) await requireExportPlace(output);
    const { openLedger } = await import('@gapferry/ledger');
    const file = await findLedger(this.args.place);
    const ledger = await openLedger(file, { clock: systemClock, readOnly: true });
    try {
      await requireNoted(ledger, await notedHeads(dirname(file)));
      const head = ledger.head();
      const wanted: LedgerExport = { format, since, until: head?.index ?? 0, version: this.config.version };
      const counted = { lines: 0 };
      const lines = countingLines(exportedLines(ledger, wanted), counted);
      if (output !== undefined) await writeLinesTo(output, lines);
      else await writeLines(lines, process.stdout);
      const result = { json: { file, format, entries: counted.lines, head, output } };
      return output === undefined
        ? result
        : { ...result, text: `${counted.lines} entries written to ${output}` };
    } finally {
      ledger.close();
    }
  }
}

function* countingLines(lines: Iterable<string>, counted: { lines: number }): Iterable<string> {
  for (const line of lines) {
    counted.lines += 1;
    yield line;
  }
}
