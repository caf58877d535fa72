import {
  type ChartPlace,
  type Confidence,
  type FindingPlace,
  formatImageReference,
  isGapferryError,
  parseImageReference,
  type ReferenceFinding,
  type TreeFault,
} from '@gapferry/core';
import type { DiscoveredImage } from './discovery.ts';
import type { Followed } from './follow-references.ts';
import type { Verdict } from './judge-reference.ts';
import { oneLineWithoutSecrets, shownPlace } from './naming.ts';
import { nameOf } from './pointer.ts';

/** What content of a repository points to and what becomes of it, or what in it could not be followed. */
export interface Lead {
  /** Kind and id of the item whose content it is: `git git.example.org/ops/line-a`. */
  readonly item: string;
  readonly place: FindingPlace;
  /** What it points to, in a few words; absent for what could not be followed. */
  readonly to?: string;
  /** Absent for what could not be followed. */
  readonly confidence?: Confidence;
  /** `included`: part of the release because of this. `wanted`: bundle.yaml wants it anyway. `here`: it is a part of the repository itself. `waived`: left out on purpose. `listed`: left out, for the
   *  reason that is given. `failed`: it must be there and cannot be had. `not-followed`: nobody knows what it points to. */
  readonly outcome: 'included' | 'wanted' | 'here' | 'waived' | 'listed' | 'failed' | 'not-followed';
  /** Why it is waived, listed, failed, or not followed. */
  readonly reason?: string;
  /** Kind and id of the release's item that it is; absent where it is left out, and where it is no item of its own. */
  readonly became?: string;
  /** What the content alone does not say, and what nobody looked into. */
  readonly open?: readonly string[];
}

/** Everything that repositories point to, in the order in which it was found, then all that was not followed. */
export function leadsOf({ verdicts, found }: Followed, images: readonly DiscoveredImage[]): Lead[] {
  const byName = new Map(images.map((image) => [image.image, image]));
  const pointed = [...verdicts].map(([{ item, reference }, verdict]): Lead => {
    const open = [...(reference.open ?? []).map(oneLineWithoutSecrets), ...(verdict.open ?? [])];
    return {
      item,
      place: shownPlace(reference.place),
      to: oneLineWithoutSecrets(describeReference(reference)),
      confidence: reference.confidence,
      ...outcomeOf(verdict, reference, byName),
      ...(open.length > 0 && { open }),
    };
  });
  const unfollowed = found.flatMap(({ pin, problems }) =>
    problems.map((problem) => notFollowed(nameOf(pin), problem)),
  );
  return [...pointed, ...unfollowed];
}

type Outcome = Pick<Lead, 'outcome' | 'reason' | 'became'>;

function outcomeOf(
  { outcome, reason, became }: Verdict,
  reference: ReferenceFinding,
  images: ReadonlyMap<string, DiscoveredImage>,
): Outcome {
  if (outcome === 'image') return outcomeOfImage(reference, images);
  return { outcome, ...(reason !== undefined && { reason }), ...(became !== undefined && { became }) };
}

function outcomeOfImage(reference: ReferenceFinding, images: ReadonlyMap<string, DiscoveredImage>): Outcome {
  const image = reference.kind === 'image' ? images.get(nameOfImage(reference.reference)) : undefined;
  if (image === undefined)
    return { outcome: 'listed', reason: 'it names no image that would be pulled as it is' };
  const { outcome, reason, item } = image;
  return {
    outcome,
    ...(reason !== undefined && { reason: oneLineWithoutSecrets(reason) }),
    ...(item !== undefined && { became: `image ${item}` }),
  };
}

function nameOfImage(text: string): string {
  try {
    return formatImageReference(parseImageReference(text));
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return text;
    throw error;
  }
}

function notFollowed(item: string, { place, message }: TreeFault): Lead {
  return {
    item,
    place: shownPlace(place),
    outcome: 'not-followed',
    reason: oneLineWithoutSecrets(message),
  };
}

/** In a few words, as far as possible those of bundle.yaml. */
function describeReference(reference: ReferenceFinding): string {
  switch (reference.kind) {
    case 'chart':
      return `chart ${describeChart(reference.source)}${version(reference.version)}`;
    case 'git':
      return `git ${reference.url}${version(reference.revision?.text)}${inside(reference.path)}`;
    case 'oci-artifact':
      return `artifact oci://${reference.ref}${version(reference.digest ?? reference.tag ?? reference.semver)}`;
    case 'image':
      return `image ${reference.reference}`;
    case 'file':
      return `file ${reference.url}`;
  }
}

function describeChart(source: ChartPlace): string {
  switch (source.from) {
    case 'repository':
      return `${source.name} of ${source.url}`;
    case 'oci':
      return `oci://${source.ref}`;
    case 'git':
      return `${source.path} of git ${source.url}${version(source.revision?.text)}`;
    case 'tree':
      return source.path === '' ? 'at the root' : source.path;
  }
}

function version(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}

function inside(path: string | undefined): string {
  return path === undefined || path === '' ? '' : `, ${path}`;
}
