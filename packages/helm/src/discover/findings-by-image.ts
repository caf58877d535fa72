import {
  type Confidence,
  formatImageReference,
  type ImageFinding,
  parseImageReference,
} from '@gapferry/core';
import { surer } from './finding-list.ts';

/** One image, with every place that names it. */
export interface FoundImage {
  /** With nothing implied: `docker.io/library/nginx:latest`. */
  readonly reference: string;
  /** The highest of its findings. */
  readonly confidence: Confidence;
  /** In the order they were found, at least one. */
  readonly findings: readonly ImageFinding[];
}

/** Groups findings by image, however its reference is written, in the order of the first finding of each. */
export function findingsByImage(findings: readonly ImageFinding[]): FoundImage[] {
  const images = new Map<string, ImageFinding[]>();
  for (const finding of findings) {
    const reference = formatImageReference(parseImageReference(finding.reference));
    const group = images.get(reference);
    if (group === undefined) images.set(reference, [finding]);
    else group.push(finding);
  }
  return [...images].map(([reference, group]) => ({
    reference,
    confidence: group.map(({ confidence }) => confidence).reduce(surer),
    findings: group,
  }));
}
