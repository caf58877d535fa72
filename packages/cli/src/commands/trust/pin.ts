import type { Mark } from '@gapferry/bundle';
import { formatTime, GapferryError, type JsonValue, type Run } from '@gapferry/core';
import { Flags } from '@oclif/core';
import { systemClock } from '../../clock.ts';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { fingerprintLines } from '../../inside/describe-policy.ts';
import { loadTrust } from '../../inside/load-trust.ts';
import { requireFingerprint } from '../../inside/match-fingerprint.ts';
import { beginSession, readSite, requireOwnState } from '../../inside/open-site.ts';
import { requireNextTold, toldMarks } from '../../inside/require-latest-state.ts';
import { siteFlag } from '../../inside/site-flag.ts';

export default class TrustPin extends GapferryCommand<typeof TrustPin> {
  static override summary = COMMANDS['trust pin'].summary;
  static override description =
    'The first policy cannot vouch for itself. Compare its fingerprint with the one that the sender read to you over the phone or gave you on paper. Until then nothing is imported.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --site site/site.yaml',
    '<%= config.bin %> <%= command.id %> --site site/site.yaml --fingerprint sha256:…',
  ];
  static override flags = {
    site: siteFlag(),
    fingerprint: Flags.string({
      description: 'the fingerprint that came by another way: digits, words or digest',
      helpValue: 'TEXT',
    }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const site = await readSite(this.flags.site);
    const policy = await loadTrust(site.trustFile);
    const { openSiteState } = await import('@gapferry/ledger');
    requireOwnState(site, await openSiteState(site.stateDirectory));
    const { fingerprintOf } = await import('@gapferry/signing');
    const { digits, words } = fingerprintOf(policy.digest);
    this.say(
      `trust policy version ${policy.version} of ${site.trustFile} has the fingerprint\n${fingerprintLines(digits, words).join('\n')}`,
    );
    await requireFingerprint(await this.#expected(), policy.digest);

    const session = await beginSession(site, 'trust pin', systemClock, run);
    try {
      const state = await openSiteState(site.stateDirectory);
      // Somebody may have pinned while the fingerprint was typed.
      requireOwnState(site, state);
      const { version, digest } = policy;
      const pin = { version, digest, pinnedAt: formatTime(systemClock.now()), site: site.config.name };
      const { toldTrust } = await import('@gapferry/importer');
      const told = toldTrust(session.ledger);
      const pinned = Math.max(state.pin()?.version ?? 0, told.pinned?.version ?? 0);
      const settled = this.#settled(policy.channels, pinned, policy.version);
      // A pin that is refused must not stand in the record as if it had been made.
      state.requireNextPin(pin);
      requireNextTold(told, pin);
      session.ledger.append('trust.pinned', {
        version: policy.version,
        digest: policy.digest,
        ...(Object.keys(settled).length > 0 && { marks: toJson(settled) }),
      });
      const zero: Record<string, Mark> = Object.fromEntries(
        [...policy.channels.keys()].map((name): [string, Mark] => [name, { sequence: 0 }]),
      );
      await state.setPin(pin, zero, { ...toldMarks(told, pin, state), ...settled });
    } finally {
      await session.close();
    }
    return {
      json: { site: site.config.name, version: policy.version, digest: policy.digest },
      text: `pinned version ${policy.version} of the trust policy for site ${site.config.name}; channels: ${[...policy.channels.keys()].join(', ')}`,
    };
  }

  /** A `mark` in the policy sets the mark once, when its version is accepted; pinning the same version again must not set it back. */
  #settled(
    channels: ReadonlyMap<string, { readonly mark?: Mark }>,
    pinned: number,
    version: number,
  ): Record<string, Mark> {
    if (pinned === version) return {};
    return Object.fromEntries(
      [...channels].flatMap(
        ([name, { mark }]): Array<[string, Mark]> => (mark === undefined ? [] : [[name, mark]]),
      ),
    );
  }

  async #expected(): Promise<string> {
    if (this.flags.fingerprint !== undefined) return this.flags.fingerprint;
    if (this.flags.json || process.stdin.isTTY !== true) {
      throw new GapferryError({
        code: 'USAGE',
        message: 'trust pin needs the fingerprint that came by another way',
        hint: 'pass it with --fingerprint, or run the command on a terminal',
      });
    }
    const { askText } = await import('../../terminal/ask.ts');
    return askText('Type the fingerprint that came by another way (digits or words)', '');
  }
}

/** A mark that the policy sets can go back: what it was set to belongs into the record. */
function toJson(marks: Readonly<Record<string, Mark>>): JsonValue {
  return Object.fromEntries(Object.entries(marks).map(([channel, mark]) => [channel, { ...mark }]));
}
