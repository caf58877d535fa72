import type { ImportPlan } from '@gapferry/bundle';
import { GapferryError, type Run } from '@gapferry/core';
import type { ImportOutcome } from '@gapferry/importer';
import type { Lock } from '@gapferry/ledger';
import { contentLines, formatImportPlan } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { readEnvironment } from '../environment.ts';
import { PARTLY_DONE } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { importJson, importText } from '../inside/describe-import.ts';
import { upstreamJson, upstreamLines } from '../inside/describe-upstream.ts';
import { verifyForSite } from '../inside/judge-release.ts';
import { lockTargets } from '../inside/lock-targets.ts';
import { beginSession, openTrustedSite, type SiteSession, type TrustedSite } from '../inside/open-site.ts';
import { type OpenTargets, openTargets } from '../inside/open-targets.ts';
import { planForSite } from '../inside/plan-for-site.ts';
import { readReceipts, storeReceipt } from '../inside/receipts.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { type OpenPlace, openPlace } from '../open-place.ts';
import { openSigner } from '../outside/private-key.ts';
import { parseReleasePlace } from '../release-place.ts';

export default class Import extends GapferryCommand<typeof Import> {
  static override summary = COMMANDS.import.summary;
  static override description =
    'Verify, plan, confirm, load, read back, and only then make visible. Reads straight from the medium and writes nothing to it. Run it again after a break: it continues; run it again when it is done: it changes nothing.';
  static override examples = ['<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml'];
  static override args = {
    place: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER', required: true }),
  };
  static override flags = {
    site: siteFlag(),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before loading' }),
    'passphrase-file': Flags.string({
      description: "passphrase of the site's key (or set GAPFERRY_KEY_PASSPHRASE)",
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    // The lock comes first: two imports at once must not both judge the same mark.
    const early = await openTrustedSite(this.flags.site);
    const session = await beginSession(early, `import ${this.args.place}`, systemClock, run);
    const locks: Lock[] = [];
    let opened: OpenTargets | undefined;
    try {
      const site = await openTrustedSite(this.flags.site);
      const place = await openPlace(parseReleasePlace(this.args.place));
      const release = await verifyForSite(place, site, run);
      opened = await openTargets(site, process.env, release.opened, run);
      const { targets } = opened;
      const plan = await planForSite(
        release,
        site,
        { medium: place.medium, targets, ledger: session.ledger },
        run,
      );
      await this.#confirm(plan);
      // Only now: a refused import leaves a target as it is, and what changed since the plan is judged again by the target.
      locks.push(await lockTargets(site, `import ${this.args.place}`, systemClock, run));
      const { outcome, receiptFile } = await this.#apply(plan, { place, site, session, targets }, run);
      const { manifest } = release.opened;
      const now = systemClock.now();
      const exitCode = outcome.kind === 'partly-loaded' ? PARTLY_DONE : 0;
      return {
        json: {
          ...importJson(outcome, receiptFile),
          upstream: upstreamJson(release),
          ...contentJson(manifest, now),
        },
        text: [
          importText(outcome, receiptFile),
          ...contentLines(manifest, now),
          ...upstreamLines(release),
        ].join('\n'),
        exitCode,
      };
    } finally {
      await opened?.close();
      for (const lock of locks) await lock.release();
      await session.close();
    }
  }

  async #apply(
    plan: ImportPlan,
    parts: {
      readonly place: OpenPlace;
      readonly site: TrustedSite;
      readonly session: SiteSession;
      readonly targets: OpenTargets['targets'];
    },
    run: Run,
  ): Promise<{ outcome: ImportOutcome; receiptFile: string | undefined }> {
    const { place, site, session, targets } = parts;
    const { applyPlan } = await import('@gapferry/importer');
    const earlier = await readReceipts(site.stateDirectory);
    const receiptSigner = await openSigner(
      site.keyFile,
      readEnvironment(process.env),
      this.flags['passphrase-file'],
      !this.flags.json && process.stdin.isTTY === true,
    );
    const hasReceipt = earlier.some(
      ({ receipt }) => receipt.statement === plan.statement && receipt.status === 'loaded',
    );
    const state = { mark: site.mark, raiseMark: site.state.raiseMark };
    const outcome = await applyPlan(
      {
        plan,
        medium: place.medium,
        targets,
        ledger: session.ledger,
        state,
        site: site.config.name,
        receiptSigner,
        clock: systemClock,
        previousReceipt: earlier.at(-1)?.statement ?? null,
        hasReceipt,
      },
      run,
    );
    const receiptFile =
      outcome.receipt === undefined
        ? undefined
        : await storeReceipt(site.stateDirectory, outcome.receipt, earlier);
    return { outcome, receiptFile };
  }

  /** Asks on a terminal; elsewhere the command line itself is the decision only with --yes. */
  async #confirm(plan: ImportPlan): Promise<void> {
    if (this.flags.yes || plan.totals.toLoad === 0) return;
    if (this.flags.json || process.stdin.isTTY !== true)
      throw new GapferryError({
        code: 'USAGE',
        message: 'import changes the targets and cannot ask here',
        hint: 'look at "gapferry plan" and run the import with --yes',
      });
    const { manifest } = plan.release.opened;
    this.say([formatImportPlan(plan), ...contentLines(manifest, systemClock.now())].join('\n'));
    const { askYesNo } = await import('../terminal/ask.ts');
    if (await askYesNo('Load this release?')) return;
    throw new GapferryError({
      code: 'INTERRUPTED',
      message: 'not loaded, as you said',
      hint: 'nothing was changed',
    });
  }
}
