import type { Run } from '@gapferry/core';
import { formatStatus, judgeStatus, type SiteStatus } from '@gapferry/report';
import { Flags } from '@oclif/core';
import { COMMANDS } from '../command-table.ts';
import { DIFFERS, NOT_ASKED } from '../exit-codes.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { openTrustedSite } from '../inside/open-site.ts';
import { siteFlag } from '../inside/site-flag.ts';
import { siteStatus } from '../inside/site-status.ts';

export default class Status extends GapferryCommand<typeof Status> {
  static override summary = COMMANDS.status.summary;
  static override description =
    'For each channel: what is loaded, since when and by which receipt, what is staged or only partly loaded, and which overrides were used; then every target is asked whether each name still stands for what was left there. Reads only, at most two requests for an item. Exit 10 when something differs; exit 6 when nothing differs, but not everything could be asked.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --channel line-a --offline',
  ];
  static override flags = {
    site: siteFlag(),
    channel: Flags.string({ description: 'only this channel', helpValue: 'CHANNEL' }),
    offline: Flags.boolean({ description: 'ask no target: tell what the ledger says' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { channel, offline } = this.flags;
    const site = await openTrustedSite(this.flags.site);
    const status = await siteStatus(site, { offline, ...(channel !== undefined && { channel }) }, run);
    return {
      json: { ...status, ...judgeStatus(status) },
      text: formatStatus(status),
      exitCode: codeOf(status),
    };
  }
}

function codeOf(status: SiteStatus): number {
  const { drift, unknown } = judgeStatus(status);
  if (drift > 0) return DIFFERS;
  return unknown > 0 ? NOT_ASKED : 0;
}
