import type { DiscoveredImage } from '@gapferry/collector';
import { describePlace, printable } from '@gapferry/core';
import { formatTable } from '@gapferry/report';
import { countsOf } from './discovered-text.ts';

/** What would become of an image, in the words of a person. */
const WORDS: Readonly<Record<DiscoveredImage['outcome'], string>> = {
  failed: 'failed',
  included: 'included',
  wanted: 'wanted',
  waived: 'waived',
  listed: 'listed',
};
const ORDER = Object.keys(WORDS);

/** Every image with what would become of it, how sure it is that it is needed, why, and below it each place that names it. What would end a collect stands first. */
export function formatSurvey(images: readonly DiscoveredImage[]): string {
  if (images.length === 0) return 'nothing names an image';
  const sorted = [...images].sort(
    (a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome) || (a.image < b.image ? -1 : 1),
  );
  const rows = formatTable(
    sorted.map(({ outcome, confidence, image, reason = '' }) => [
      WORDS[outcome],
      confidence,
      image,
      outcome === 'failed' ? '' : reason,
    ]),
  ).split('\n');
  return [...sorted.flatMap((image, i) => [rows[i] ?? '', ...below(image)]), '', summary(images)].join('\n');
}

function below({ namedBy, outcome, reason }: DiscoveredImage): string[] {
  return [
    ...(outcome === 'failed' && reason !== undefined ? [`    ${reason}`] : []),
    ...namedBy.map((naming) => `    ${naming.method} in ${describePlace(naming)} of ${naming.item}`),
  ].map(printable);
}

function summary(images: readonly DiscoveredImage[]): string {
  const counts = countsOf(images);
  const parts = Object.entries(WORDS).flatMap(([outcome, word]) => {
    const count = counts[outcome as DiscoveredImage['outcome']];
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${images.length} image(s): ${parts.join(', ')}`;
}
