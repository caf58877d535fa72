import { type ImportPlan, toImportPlanJson } from '@gapferry/bundle';
import { type Run, shortDigest } from '@gapferry/core';
import { contentLines, formatImportPlan } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { upstreamJson, upstreamLines } from '../inside/describe-upstream.ts';
import { verifyForSite } from '../inside/judge-release.ts';
import { beginSession, openTrustedSite, type TrustedSite } from '../inside/open-site.ts';
import { type OpenTargets, openTargets } from '../inside/open-targets.ts';
import { requirePlanPlace, type WrittenPlan, writePlanFile } from '../inside/plan-file.ts';
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
  static override flags = {
    site: siteFlag(),
    output: Flags.string({
      char: 'o',
      description: 'write the plan to a file, to be approved and given to import --plan',
      helpValue: 'FILE',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const site = await openTrustedSite(this.flags.site);
    const { output } = this.flags;
    const named = parseReleasePlace(this.args.place);
    if (output !== undefined) await requirePlanPlace(output, named.directory);
    const place = await openPlace(named);
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
      const written = output === undefined ? undefined : await this.#write(output, plan, site);
      return {
        json: {
          site: site.config.name,
          place: place.shown,
          ...toImportPlanJson(plan),
          ...(written !== undefined && { file: written }),
          upstream: upstreamJson(release),
          ...contentJson(release.opened.manifest, now),
        },
        text: [
          formatImportPlan(plan),
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
