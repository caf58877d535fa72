import type { Confidence, ImageFinding, ReferenceFinding } from '@gapferry/core';

/** What was found in something that is not surely needed itself: nothing of it is surer than that. */
export function cappedFindings<F extends ImageFinding | ReferenceFinding>(
  findings: readonly F[],
  confidence: Confidence,
): readonly F[] {
  if (confidence === 'certain') return findings;
  return findings.map((finding) =>
    finding.confidence === 'certain' ? { ...finding, confidence: 'likely' } : finding,
  );
}
