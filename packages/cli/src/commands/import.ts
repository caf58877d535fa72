import type { ImportPlan } from '@gapferry/bundle';
import type { ReleaseAddress, Run } from '@gapferry/core';
import { Args, Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { admitRelease } from '../inside/admit-release.ts';
import { applyForSite } from '../inside/apply-for-site.ts';
import { confirmImport } from '../inside/confirm-import.ts';
import { describeGoingBack, type GoingBack } from '../inside/describe-going-back.ts';
import { overrideFlag, toFlag } from '../inside/going-back-flags.ts';
import { importResult } from '../inside/import-result.ts';
import { type ImportSession, inImportSession } from '../inside/import-session.ts';
import { keepOverrides } from '../inside/keep-overrides.ts';
import { loadingFollows } from '../inside/loading-follows.ts';
import { orderBack } from '../inside/order-back.ts';
import { readPlanFile } from '../inside/plan-file.ts';
import { planForSite } from '../inside/plan-for-site.ts';
import { requireApproved, requireSubject } from '../inside/require-approved.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { openSiteSigner, tellOfSiteKey } from '../inside/site-signer.ts';
import { stageForSite } from '../inside/stage-for-site.ts';
import { stagedResult } from '../inside/staged-result.ts';
import { wantedRelease } from '../inside/wanted-release.ts';
import { watchImport } from '../inside/watch-import.ts';

export default class Import extends GapferryCommand<typeof Import> {
  static override summary = COMMANDS.import.summary;
  static override description =
    'Verify, plan, confirm, load, read back, and only then make visible. Reads straight from the medium and writes nothing to it. Run it again after a break: it continues; run it again when it is done: it changes nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml',
    '<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml --stage',
    '<%= config.bin %> <%= command.id %> --to line-a/16 --override override.sigstore.json --site site/site.yaml',
  ];
  static override usage = [
    '<%= command.id %> PLACE --site FILE [--plan FILE] [--stage] [--one-pass] [-y]',
    '<%= command.id %> [PLACE] --to CHANNEL/NUMBER [--override FILE...] --site FILE [--plan FILE] [-y]',
  ];
  static override args = {
    place: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER' }),
  };
  static override flags = {
    site: siteFlag(),
    plan: Flags.string({
      description: 'load only what this approved plan says; asks nothing',
      helpValue: 'FILE',
    }),
    to: toFlag(),
    override: overrideFlag(),
    stage: Flags.boolean({
      description: 'stop when everything is there and nothing visible; "gapferry activate" does the rest',
      exclusive: ['to', 'override'],
    }),
    'one-pass': Flags.boolean({
      description: 'for slow media: hash what is sent only while it is sent',
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before loading' }),
    'passphrase-file': Flags.string({
      description: "passphrase of the site's key (or set GAPFERRY_KEY_PASSPHRASE)",
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const watched = await watchImport(run);
    const work = (session: ImportSession): Promise<Outcome> => this.#import(session, watched);
    const wanted = this.args.place ?? `--to ${this.flags.to ?? ''}`;
    return await inImportSession(this.flags.site, `import ${wanted}`, work, watched);
  }

  async #import(session: ImportSession, run: Run): Promise<Outcome> {
    const { site, ledger } = session;
    run.emit(await loadingFollows(ledger));
    const receiptSigner = this.flags.stage ? undefined : await openSiteSigner(site, this.flags);
    if (receiptSigner === undefined) await tellOfSiteKey(site, run);
    const onePass = this.flags['one-pass'];
    const approved = this.flags.plan === undefined ? undefined : await readPlanFile(this.flags.plan);
    const order = await orderBack(this.flags.override ?? [], site, ledger);
    const before = (address: ReleaseAddress): void => {
      if (approved !== undefined) requireSubject(approved, site, address);
    };
    const wanted = wantedRelease(this.args.place, this.flags.to);
    const admitted = await admitRelease(wanted, { site, ledger, onePass, order, before }, run);
    const { release, medium, keep } = admitted;
    const targets = await session.open(release.opened);
    const plan = await planForSite(release, site, { medium, targets, ledger }, run);
    const back = describeGoingBack(plan, ledger);
    if (approved === undefined) await this.#confirm(plan, back);
    else requireApproved(approved, plan, site);
    await session.lockTargets();
    await keepOverrides(site.stateDirectory, release.opened.override, order);
    const parts = { plan, medium, targets, site, ledger, keep, approved: approved?.digest };
    if (receiptSigner === undefined) return stagedResult(await stageForSite(parts, run), release, site);
    return importResult(await applyForSite({ ...parts, receiptSigner }, run), release, back);
  }

  async #confirm(plan: ImportPlan, back: GoingBack | undefined): Promise<void> {
    await confirmImport(plan, {
      yes: this.flags.yes,
      json: this.flags.json,
      question: this.#question(back),
      more: back?.lines ?? [],
      say: (text) => this.say(text),
    });
  }

  #question(back: GoingBack | undefined): string {
    if (back !== undefined) return 'Go back to this release?';
    return this.flags.stage ? 'Stage this release?' : 'Load this release?';
  }
}
