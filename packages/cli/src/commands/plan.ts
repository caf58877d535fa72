import { type ImportPlan, toImportPlanJson } from '@gapferry/bundle';
import { formatReleaseAddress, type ReleaseAddress, type Run, shortDigest } from '@gapferry/core';
import { contentLines, formatImportPlan } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { admitRelease } from '../inside/admit-release.ts';
import { describeGoingBack } from '../inside/describe-going-back.ts';
import { upstreamJson, upstreamLines } from '../inside/describe-upstream.ts';
import { overrideFlag, toFlag } from '../inside/going-back-flags.ts';
import { beginSession, openTrustedSite, type TrustedSite } from '../inside/open-site.ts';
import { type OpenTargets, openTargets } from '../inside/open-targets.ts';
import { orderBack } from '../inside/order-back.ts';
import { requirePlanPlace, type WrittenPlan, writePlanFile } from '../inside/plan-file.ts';
import { planForSite } from '../inside/plan-for-site.ts';
import { requireLatestState } from '../inside/require-latest-state.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { tellOfSiteKey } from '../inside/site-signer.ts';
import { type WantedRelease, wantedRelease } from '../inside/wanted-release.ts';
import { formatReleasePlace } from '../release-place.ts';

export default class Plan extends GapferryCommand<typeof Plan> {
  static override summary = COMMANDS.plan.summary;
  static override description =
    'Verifies the release, asks the targets what they hold, and prints what would be loaded, moved and left as it is. Where something would change it finds out what the targets allow, and leaves nothing there. Loads nothing.';
  static override examples = ['<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml'];
  static override args = {
    place: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER' }),
  };
  static override flags = {
    site: siteFlag(),
    to: toFlag(),
    override: overrideFlag(),
    output: Flags.string({
      char: 'o',
      description: 'write the plan to a file, to be approved and given to import --plan',
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const early = await openTrustedSite(this.flags.site);
    const { output } = this.flags;
    const wanted = wantedRelease(this.args.place, this.flags.to);
    const medium = wanted.from === 'medium' ? wanted.place.directory : undefined;
    if (output !== undefined) await requirePlanPlace(output, medium);
    const shown = this.args.place ?? `--to ${this.flags.to ?? ''}`;
    const session = await beginSession(early, `plan ${shown}`, systemClock, run);
    let opened: OpenTargets | undefined;
    try {
      const { ledger } = session;
      // Read under the lock: an import may have come to its end since.
      const site = await openTrustedSite(this.flags.site);
      const { toldTrust } = await import('@gapferry/importer');
      requireLatestState(toldTrust(ledger), site.state);
      await tellOfSiteKey(site, run);
      const order = await orderBack(this.flags.override ?? [], site, ledger);
      const given = { site, ledger, onePass: false, order, before: () => {} };
      const { release, medium: from } = await admitRelease(wanted, given, run);
      opened = await openTargets(site, process.env, release.opened, run);
      const parts = { medium: from, targets: opened.targets, ledger };
      const plan = await planForSite(release, site, parts, run);
      const back = describeGoingBack(plan, ledger);
      const now = systemClock.now();
      const written = output === undefined ? undefined : await this.#write(output, plan, site);
      return {
        json: {
          site: site.config.name,
          place: placeOf(wanted, release.opened.address),
          ...toImportPlanJson(plan),
          ...(written !== undefined && { file: written }),
          upstream: upstreamJson(release),
          ...contentJson(release.opened.manifest, now),
          ...back?.json,
        },
        text: [
          formatImportPlan(plan),
          ...(back?.lines ?? []),
          ...contentLines(release.opened.manifest, now),
          ...upstreamLines(release),
          ...(written === undefined ? [] : [`plan file ${written.path}, ${shortDigest(written.digest)}`]),
        ].join('\n'),
      };
    } finally {
      await opened?.close();
      await session.close();
    }
  }

  #write(path: string, plan: ImportPlan, { config }: TrustedSite): Promise<WrittenPlan> {
    return writePlanFile(path, plan, config, { clock: systemClock, version: this.config.version });
  }
}

/** For people and programs: `stick#line-a/17`, or what the site keeps itself: `line-a/17`. */
function placeOf(wanted: WantedRelease, address: ReleaseAddress): string {
  return wanted.from === 'medium'
    ? formatReleasePlace(wanted.place.directory, address)
    : formatReleaseAddress(address);
}
