import { type ImagePin, type Pin, parseImageReference, repositoryOf, toRepositoryName } from '@gapferry/core';
import type { NamedImage } from './group-findings.ts';

/** Pins of images by every name under which content may mean them: the id, and for a digest with a tag the tag alone, since that is what the tag is inside. */
export function coveringPins(pins: readonly Pin[]): ReadonlyMap<string, ImagePin> {
  const images = pins.filter((pin) => pin.kind === 'image');
  const tagged = images.flatMap((pin): Array<[string, ImagePin]> => {
    const { tag, digest, ...repository } = parseImageReference(pin.id);
    return tag === undefined || digest === undefined ? [] : [[`${repositoryOf(repository)}:${tag}`, pin]];
  });
  return new Map([...tagged, ...images.map((pin): [string, ImagePin] => [pin.id, pin])]);
}

/** What to ask upstream for. A tag that stands beside a digest is left away where another image of the release has that name inside: the digest alone is what a cluster asks for. */
export function referenceToAsk(
  { image, reference }: NamedImage,
  named: readonly NamedImage[],
  covering: ReadonlyMap<string, ImagePin>,
): string {
  if (reference?.tag === undefined || reference.digest === undefined) return image;
  const place = placeOf(image);
  const others = [...named.map((other) => other.image), ...covering.keys()].filter(
    (other) => other !== image,
  );
  const isTaken = others.some((other) => placeOf(other) === place);
  return isTaken ? `${repositoryOf(reference)}@${reference.digest}` : image;
}

/** `repository:tag`, as a registry inside has it; undefined for what has no tag. */
function placeOf(image: string): string | undefined {
  try {
    const { tag, ...repository } = parseImageReference(image);
    return tag === undefined ? undefined : `${toRepositoryName(repositoryOf(repository))}:${tag}`;
  } catch {
    return undefined;
  }
}
