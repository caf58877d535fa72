import { GapferryError, type Run, shortDigest } from '@gapferry/core';
import { Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { PARTLY_DONE } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { applyPrune, type PrunedOutcome } from '../inside/apply-prune.ts';
import { pruneLines, pruneTotals } from '../inside/describe-prune.ts';
import { type ImportSession, inImportSession } from '../inside/import-session.ts';
import { type PlannedPrune, planPrune } from '../inside/plan-prune.ts';
import {
  type ApprovedPrune,
  readPruneFile,
  requireSamePrune,
  writePruneFile,
} from '../inside/prune-plan-file.ts';
import { siteFlag } from '../inside/site-flag.ts';

export default class Prune extends GapferryCommand<typeof Prune> {
  static override summary = COMMANDS.prune.summary;
  static override description =
    'In two steps: --keep looks, tells what would go and writes it down; --plan looks again, refuses where anything moved, asks, and removes. Only what imports of this site left, that is as they left it, and that no release which stays needs. The release that a channel stands at, the one at its mark and those that are being loaded always stay.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --keep 3 -o prune.json',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --plan prune.json',
  ];
  static override usage = [
    '<%= command.id %> --site FILE --keep N [--channel CHANNEL] [-o FILE]',
    '<%= command.id %> --site FILE --plan FILE [-y]',
  ];
  static override flags = {
    site: siteFlag(),
    keep: Flags.integer({
      description: 'newest releases of each channel that stay',
      min: 1,
      helpValue: 'N',
      exclusive: ['plan'],
    }),
    channel: Flags.string({
      description: 'prune this channel only',
      helpValue: 'CHANNEL',
      exclusive: ['plan'],
    }),
    output: Flags.string({
      char: 'o',
      description: 'write what would go to a file, to be approved and given to --plan',
      helpValue: 'FILE',
      exclusive: ['plan'],
    }),
    plan: Flags.string({ description: 'remove what this approved file says', helpValue: 'FILE' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before removing' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { plan, keep, site } = this.flags;
    if (plan === undefined && keep === undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: 'how many releases stay?',
        hint: `look first: gapferry prune --site ${site} --keep 3 -o prune.json; then gapferry prune --site ${site} --plan prune.json`,
      });
    const approved = plan === undefined ? undefined : await readPruneFile(plan);
    const work = async (session: ImportSession): Promise<Outcome> => {
      const { site, ledger } = session;
      // Before anything is looked at: what nobody needs now may be needed when the question was answered.
      if (approved !== undefined) await session.lockTargets();
      const wanted = approved?.file ?? { keep: keep ?? 1, channel: this.flags.channel };
      const input = { site, ledger, keep: wanted.keep, channel: wanted.channel, clock: systemClock };
      const planned = await planPrune({ ...input, by: this.config.version }, run);
      try {
        return approved === undefined
          ? await this.#look(planned)
          : await this.#remove(approved, planned, session, run);
      } finally {
        await planned.close();
      }
    };
    return await inImportSession(this.flags.site, 'prune', work, run);
  }

  async #look({ file }: PlannedPrune): Promise<Outcome> {
    const { output } = this.flags;
    const digest = output === undefined ? undefined : await writePruneFile(output, file);
    const written = digest === undefined ? [] : [`prune file ${output}, ${shortDigest(digest)}`];
    return {
      json: {
        ...file,
        totals: pruneTotals(file),
        ...(digest !== undefined && { file: { path: output, digest } }),
      },
      text: [...pruneLines(file), ...written].join('\n'),
    };
  }

  async #remove(
    approved: ApprovedPrune,
    planned: PlannedPrune,
    session: ImportSession,
    run: Run,
  ): Promise<Outcome> {
    const { site, ledger } = session;
    const { pruneProgress } = await import('@gapferry/importer');
    const progress = pruneProgress(ledger, approved.digest);
    if (progress?.state === 'done' && pruneTotals(planned.file).steps === 0) return alreadyDone(progress.at);
    requireSamePrune(approved, planned.file, progress, this.flags.site);
    await this.#confirm(planned);
    const outcome = await applyPrune({ planned, site, ledger, approved: approved.digest }, run);
    return {
      json: { ...outcome },
      text: outcomeText(outcome),
      exitCode: outcome.kind === 'partly-pruned' ? PARTLY_DONE : 0,
    };
  }

  async #confirm({ file }: PlannedPrune): Promise<void> {
    if (this.flags.yes || file.channels.length === 0) return;
    if (this.flags.json || process.stdin.isTTY !== true)
      throw new GapferryError({
        code: 'USAGE',
        message: 'prune removes things for good and cannot ask here',
        hint: 'run it with --yes',
      });
    this.say(pruneLines(file).join('\n'));
    const { askYesNo } = await import('../terminal/ask.ts');
    if (await askYesNo('Remove all of this for good?')) return;
    throw new GapferryError({
      code: 'INTERRUPTED',
      message: 'not pruned, as you said',
      hint: 'nothing was changed',
    });
  }
}

/** Run again after it came to its end, or was killed right behind it. */
function alreadyDone(at: string): Outcome {
  const outcome: PrunedOutcome = { kind: 'pruned', removed: 0, stayed: [] };
  return { json: { ...outcome }, text: `nothing is left to remove: this prune was carried out at ${at}` };
}

function outcomeText({ removed, stayed }: PrunedOutcome): string {
  const lines = stayed.map(({ target, place, why }) => `  stays  ${place} at ${target}: ${why}`);
  return [`removed ${removed}${stayed.length > 0 ? `; ${stayed.length} stay` : ''}`, ...lines].join('\n');
}
