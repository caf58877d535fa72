import { toImportPlanJson } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { contentLines, formatImportPlan } from '@gapferry/report';
import { Args } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { upstreamJson, upstreamLines } from '../inside/describe-upstream.ts';
import { verifyForSite } from '../inside/judge-release.ts';
import { beginSession, openTrustedSite } from '../inside/open-site.ts';
import { type OpenTargets, openTargets } from '../inside/open-targets.ts';
import { planForSite } from '../inside/plan-for-site.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';

export default class Plan extends GapferryCommand<typeof Plan> {
  static override summary = COMMANDS.plan.summary;
  static override description =
    'Verifies the release, asks the targets what they hold, and prints what would be loaded, moved and left as it is. Where something would change it finds out what the targets allow, and leaves nothing there. Loads nothing.';
  static override examples = ['<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml'];
  static override args = {
    place: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER', required: true }),
  };
  static override flags = { site: siteFlag() };

  protected async perform(run: Run): Promise<Outcome> {
    const site = await openTrustedSite(this.flags.site);
    const place = await openPlace(parseReleasePlace(this.args.place));
    const release = await verifyForSite(place, site, run);
    const session = await beginSession(site, `plan ${place.shown}`, systemClock, run);
    let opened: OpenTargets | undefined;
    try {
      opened = await openTargets(site, process.env, release.opened, run);
      const plan = await planForSite(
        release,
        site,
        { medium: place.medium, targets: opened.targets, ledger: session.ledger },
        run,
      );
      const now = systemClock.now();
      return {
        json: {
          site: site.config.name,
          place: place.shown,
          ...toImportPlanJson(plan),
          upstream: upstreamJson(release),
          ...contentJson(release.opened.manifest, now),
        },
        text: [
          formatImportPlan(plan),
          ...contentLines(release.opened.manifest, now),
          ...upstreamLines(release),
        ].join('\n'),
      };
    } finally {
      await opened?.close();
      await session.close();
    }
  }
}
