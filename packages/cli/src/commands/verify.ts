import type { TrustedManifest } from '@gapferry/bundle';
import { GapferryError, type Run, shortDigest, totalSize } from '@gapferry/core';
import { contentLines, formatBytes } from '@gapferry/report';
import { Args, Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { COMMANDS } from '../command-table.ts';
import { contentJson } from '../content-json.ts';
import { GapferryCommand, type Outcome } from '../gapferry-command.ts';
import { upstreamJson, upstreamLines } from '../inside/describe-upstream.ts';
import { verifyWith } from '../inside/judge-release.ts';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';

const VERDICTS: Readonly<Record<TrustedManifest['verdict'], readonly string[]>> = {
  newer: [],
  older: ['older than what this site has accepted; an override allows it'],
  same: ['this site has accepted this release already'],
  'not judged': ['no site was named: whether a site has accepted a newer one was not judged'],
};

export default class Verify extends GapferryCommand<typeof Verify> {
  static override summary = COMMANDS.verify.summary;
  static override description =
    'Signature and policy first, then every blob is hashed where it lies. Nothing is written and nothing is contacted. With --site, the pinned policy and the marks of the site decide; with --trust, a policy file alone.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> /media/stick --site site/site.yaml',
    '<%= config.bin %> <%= command.id %> depot --trust site/trust.yaml',
  ];
  static override args = {
    place: Args.string({ description: 'DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER', required: true }),
  };
  static override flags = {
    site: Flags.string({ description: 'site file', env: 'GAPFERRY_SITE', helpValue: 'FILE' }),
    trust: Flags.string({ description: 'trust policy, where there is no site', helpValue: 'FILE' }),
  };

  protected async perform(run: Run): Promise<Outcome> {
    const { trust } = this.flags;
    const site = trust === undefined ? this.flags.site : undefined;
    if (trust === undefined && site === undefined)
      throw new GapferryError({
        code: 'USAGE',
        message: 'verify needs to know whom to trust',
        hint: 'name the site with --site (or GAPFERRY_SITE), or a policy with --trust',
      });
    const place = await openPlace(parseReleasePlace(this.args.place));
    const verified = await verifyWith(
      place,
      { ...(site !== undefined && { site }), ...(trust !== undefined && { trust }) },
      run,
    );
    const { opened } = verified;
    const { release, statement, signers, blobs, manifest, verdict } = opened;
    const bytes = totalSize(blobs);
    const now = systemClock.now();
    return {
      json: {
        place: place.shown,
        release: place.address,
        version: release.version,
        statement,
        manifest: opened.manifestDigest,
        signers,
        issuedAt: release.issuedAt,
        items: manifest.items.length,
        blobs: blobs.length,
        bytes,
        mark: verdict,
        upstream: upstreamJson(verified),
        ...contentJson(manifest, now),
        warnings: opened.warnings,
      },
      text: [
        `release ${release.version} (${place.shown}) is authentic, complete and unchanged`,
        `signed by ${signers.map(({ key, owner }) => `${key} of ${owner}`).join(', ')} at ${release.issuedAt}; statement ${shortDigest(statement)}`,
        `${manifest.items.length} item(s), ${blobs.length} blob(s), ${formatBytes(bytes)}, every byte hashed`,
        ...contentLines(manifest, now),
        ...upstreamLines(verified),
        ...VERDICTS[verdict],
      ].join('\n'),
    };
  }
}
