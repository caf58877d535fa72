import type { VerifiedRelease } from '@gapferry/bundle';
import { contentLines } from '@gapferry/report';
import { systemClock } from '../clock.ts';
import { contentJson } from '../content-json.ts';
import { PARTLY_DONE } from '../exit-codes.ts';
import type { Outcome } from '../gapferry-command.ts';
import type { AppliedForSite } from './apply-for-site.ts';
import type { GoingBack } from './describe-going-back.ts';
import { importJson, importText } from './describe-import.ts';
import { upstreamJson, upstreamLines } from './describe-upstream.ts';

/** What a command that loaded a release says at its end. */
export function importResult(
  { outcome, receiptFile }: AppliedForSite,
  release: VerifiedRelease,
  back?: GoingBack,
): Outcome {
  const { manifest } = release.opened;
  const now = systemClock.now();
  return {
    json: {
      ...importJson(outcome, receiptFile),
      upstream: upstreamJson(release),
      ...contentJson(manifest, now),
      ...back?.json,
    },
    text: [
      importText(outcome, receiptFile),
      ...(back?.lines ?? []),
      ...contentLines(manifest, now),
      ...upstreamLines(release),
    ].join('\n'),
    exitCode: outcome.kind === 'partly-loaded' ? PARTLY_DONE : 0,
  };
}
