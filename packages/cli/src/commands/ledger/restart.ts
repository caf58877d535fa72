import type { TrustPolicy } from '@gapferry/bundle';
import { GapferryError, printable, type Run } from '@gapferry/core';
import type { SiteState } from '@gapferry/ledger';
import { Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { loadTrust } from '../../inside/load-trust.ts';
import { requireFingerprint } from '../../inside/match-fingerprint.ts';
import { openTrustedSite, readSite, type Site } from '../../inside/open-site.ts';
import { type Restarted, restartLedger } from '../../inside/restart-ledger.ts';
import { siteFlag } from '../../inside/site-flag.ts';

const MAX_REASON = 500;

export default class LedgerRestart extends GapferryCommand<typeof LedgerRestart> {
  static override summary = COMMANDS['ledger restart'].summary;
  static override description =
    "Only for a ledger that is gone, cut or changed, and of which no backup is as new as the last receipt. What is there is set aside, not removed; the marks stay. The new ledger says for ever that it was begun anew, and why, and whoever has receipts outside sees it. Needs the fingerprint of the trust policy by another way, as trust pin does. Afterwards import the release again that was loaded last: until then the names in the targets are nobody's.";
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --reason "disk died, no backup"',
  ];
  static override flags = {
    site: siteFlag(),
    reason: Flags.string({
      description: 'what happened, for the record',
      required: true,
      helpValue: 'TEXT',
    }),
    fingerprint: Flags.string({
      description: "the policy's fingerprint that came by another way: digits, words or digest",
      helpValue: 'TEXT',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const reason = printable(this.flags.reason).trim();
    if (reason === '' || reason.length > MAX_REASON)
      throw new GapferryError({
        code: 'USAGE',
        message: `the reason has ${reason.length} characters; it needs 1 to ${MAX_REASON}`,
        hint: 'say what happened to the ledger, for whoever reads it later',
      });
    const site = await openSite(this.flags.site);
    await requireFingerprint(await this.#expected(), site.policy.digest);
    const restarted = await restartLedger(site, reason, systemClock, run);
    return { json: { site: site.config.name, ...restarted, reason }, text: textOf(restarted, site.state) };
  }

  async #expected(): Promise<string> {
    if (this.flags.fingerprint !== undefined) return this.flags.fingerprint;
    if (this.flags.json || process.stdin.isTTY !== true)
      throw new GapferryError({
        code: 'USAGE',
        message: 'ledger restart needs the fingerprint of the trust policy that came by another way',
        hint: 'pass it with --fingerprint, or run the command on a terminal',
      });
    const { askText } = await import('../../terminal/ask.ts');
    return askText('Type the fingerprint of the trust policy that came by another way (digits or words)', '');
  }
}

/** A site that has lost its pin as well pins again afterwards; where there is one, the policy must be that one. */
async function openSite(
  file: string,
): Promise<Site & { readonly policy: TrustPolicy; readonly state: SiteState }> {
  const site = await readSite(file);
  const { openSiteState } = await import('@gapferry/ledger');
  const state = await openSiteState(site.stateDirectory);
  if (state.pin() !== undefined) return await openTrustedSite(file);
  return { ...site, policy: await loadTrust(site.trustFile), state };
}

function textOf({ file, setAside, finding, given }: Restarted, state: SiteState): string {
  const marks = Object.entries(state.marks())
    .filter(([, { sequence }]) => sequence > 0)
    .map(([channel, { sequence }]) => `${channel}/${sequence}`);
  return [
    `begun anew: ${file}; before: ${finding}`,
    ...(setAside === undefined ? [] : [`what was there lies beside it as ${setAside}: keep it`]),
    `${given} head(s) that receipts tell of are given up; the marks stay`,
    ...(marks.length === 0
      ? []
      : [
          `next: import what was loaded last again (${marks.join(', ')}), so that the names in the targets are this site's again`,
        ]),
  ].join('\n');
}
