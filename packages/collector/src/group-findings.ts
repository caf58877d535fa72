import {
  byNaming,
  type Confidence,
  formatImageReference,
  type ImageFinding,
  type ImageReference,
  isGapferryError,
  type NamedBy,
  parseImageReference,
} from '@gapferry/core';
import type { LookedInto } from './look-into-charts.ts';
import { keptNamings, oneLine, toNaming } from './naming.ts';

/** Everything that was found of one image. */
export interface NamedImage {
  /** In full; as it is written where it is no reference. */
  readonly image: string;
  /** Absent where it is no reference. */
  readonly reference?: ImageReference;
  /** The strongest of its findings. */
  readonly confidence: Confidence;
  /** Sorted by `byNaming`, each once; of each item those of the strongest confidence first where there are too many to keep. */
  readonly namedBy: readonly NamedBy[];
}

const STRENGTH: Readonly<Record<Confidence, number>> = { certain: 0, likely: 1, possible: 2 };

/** One entry for each image, however it is written and wherever it stands, sorted by name. */
export function groupFindings(looked: readonly LookedInto[]): NamedImage[] {
  const found = looked.flatMap(({ pin, findings }) =>
    findings.map((finding) => ({ finding, item: `${pin.kind} ${pin.id}`, ...nameOf(finding) })),
  );
  return [...Map.groupBy(found, ({ image }) => image).values()]
    .map((own) => toNamedImage(own))
    .sort((a, b) => (a.image < b.image ? -1 : 1));
}

interface Found {
  readonly image: string;
  readonly reference?: ImageReference;
  readonly finding: ImageFinding;
  readonly item: string;
}

function nameOf({ reference }: ImageFinding): Pick<Found, 'image' | 'reference'> {
  try {
    const parsed = parseImageReference(reference.trim());
    return { image: formatImageReference(parsed), reference: parsed };
  } catch (error) {
    if (!isGapferryError(error, 'REFERENCE_INVALID')) throw error;
    return { image: oneLine(reference) || '""' };
  }
}

function toNamedImage(found: readonly Found[]): NamedImage {
  const sorted = [...found].sort((a, b) => STRENGTH[a.finding.confidence] - STRENGTH[b.finding.confidence]);
  const [first] = sorted as [Found];
  const namings = sorted.map(({ finding: { method, place }, item }) => toNaming(item, method, place));
  return {
    image: first.image,
    ...(first.reference !== undefined && { reference: first.reference }),
    confidence: first.finding.confidence,
    namedBy: keptNamings(namings).sort(byNaming),
  };
}
