import type { ImportPlan, VerifiedRelease } from '@gapferry/bundle';
import type { BlobReader, Run } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { applyForSite } from '../inside/apply-for-site.ts';
import { confirmImport } from '../inside/confirm-import.ts';
import { findStaged, parseActivation, withNewerNamed } from '../inside/find-staged.ts';
import { importResult } from '../inside/import-result.ts';
import { type ImportSession, inImportSession } from '../inside/import-session.ts';
import { readmitForSite } from '../inside/judge-release.ts';
import { planForSite } from '../inside/plan-for-site.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { openSiteSigner } from '../inside/site-signer.ts';
import { watchImport } from '../inside/watch-import.ts';

export default class Activate extends GapferryCommand<typeof Activate> {
  static override summary = COMMANDS.activate.summary;
  static override description =
    'After "gapferry import --stage": judges the release again by the policy of today, reads back at the targets that everything is still there, and only then sets tags, refs and pointers and writes the receipt. Sends nothing but names. Run it again after a break: it continues; run it again when it is done: it changes nothing.';
  static override examples = ['<%= config.bin %> <%= command.id %> line-a/17 --site site/site.yaml'];
  static override args = {
    release: Args.string({
      description: 'CHANNEL, for the release that was staged last, or CHANNEL/NUMBER',
      required: true,
    }),
  };
  static override flags = {
    site: siteFlag(),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before names are set' }),
    'passphrase-file': Flags.string({
      description: "passphrase of the site's key (or set GAPFERRY_KEY_PASSPHRASE)",
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const watched = await watchImport(run);
    const work = (session: ImportSession): Promise<Outcome> => this.#activate(session, watched);
    return await inImportSession(this.flags.site, `activate ${this.args.release}`, work, watched);
  }

  async #activate(session: ImportSession, run: Run): Promise<Outcome> {
    const { site, ledger } = session;
    const receiptSigner = await openSiteSigner(site, this.flags);
    const { release, medium } = await this.#readmit(session, run);
    const targets = await session.open(release.opened);
    const plan = await planForSite(release, site, { medium, targets, ledger }, run);
    await this.#confirm(plan);
    await session.lockTargets();
    const given = { plan, medium, targets, site, ledger, approved: undefined, receiptSigner };
    const applied = await applyForSite(given, run);
    return importResult(applied, release);
  }

  async #readmit(
    { site, ledger }: ImportSession,
    run: Run,
  ): Promise<{ readonly release: VerifiedRelease; readonly medium: BlobReader }> {
    const kept = await findStaged(parseActivation(this.args.release), site);
    try {
      return await readmitForSite(kept, site, ledger, run);
    } catch (error) {
      throw withNewerNamed(error, kept, site);
    }
  }

  async #confirm(plan: ImportPlan): Promise<void> {
    await confirmImport(plan, {
      yes: this.flags.yes,
      json: this.flags.json,
      question: 'Make this release visible?',
      command: 'activate',
      say: (text) => this.say(text),
    });
  }
}
