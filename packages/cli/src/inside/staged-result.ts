import type { VerifiedRelease } from '@gapferry/bundle';
import type { StagedOutcome } from '@gapferry/importer';
import { contentLines, formatBytes } from '@gapferry/report';
import { systemClock } from '../clock.ts';
import { contentJson } from '../content-json.ts';
import type { Outcome } from '../gapferry-command.ts';
import { upstreamJson, upstreamLines } from './describe-upstream.ts';
import type { Site } from './open-site.ts';

/** What `import --stage` says at its end: what is there, and what to run in the maintenance window. */
export function stagedResult(outcome: StagedOutcome, release: VerifiedRelease, site: Site): Outcome {
  const { manifest } = release.opened;
  const now = systemClock.now();
  return {
    json: { ...outcome, upstream: upstreamJson(release), ...contentJson(manifest, now) },
    text: [
      ...stagedLines(outcome, site.file),
      ...contentLines(manifest, now),
      ...upstreamLines(release),
    ].join('\n'),
  };
}

function stagedLines(
  { version, channel, sequence, items, names, bytes, targets }: StagedOutcome,
  siteFile: string,
): string[] {
  const name = `release ${version} (${channel}/${sequence})`;
  if (names === 0)
    return [`${name} is loaded already: its ${items} item(s) were read back, and nothing is to be activated`];
  return [
    `${name} is staged: its ${items} item(s) are at ${targets.join(', ')}, read back; ${formatBytes(bytes)} written, ${names} name(s) not set`,
    `these show nothing of it yet, and no receipt was written; in the maintenance window, without the medium: gapferry activate ${channel}/${sequence} --site ${siteFile}`,
  ];
}
