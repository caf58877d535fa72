import type { Lock, Manifest } from '@gapferry/bundle';
import { describeNaming, GapferryError } from '@gapferry/core';
import type { DiscoveredImage } from './discovery.ts';

/** Closure, proved once more on what will be sealed: every image that charts surely need, and every one that the lock holds because charts name it, is in the manifest, or waived.
 *  Throws `RELEASE_INCOMPLETE`. */
export function requireClosure(
  manifest: Manifest,
  lock: Lock,
  discovered: readonly DiscoveredImage[] = [],
): void {
  const there = new Set(manifest.items.flatMap(({ kind, id }) => (kind === 'image' ? [id] : [])));
  const needed = [
    ...lock.pins
      .filter((pin) => pin.kind === 'image')
      .filter((pin) => pin.namedBy !== undefined)
      .map(({ id, namedBy = [] }) => ({ item: id, image: id, namedBy })),
    ...discovered.filter(
      ({ confidence, outcome, item }) =>
        outcome !== 'waived' && (confidence === 'certain' || item !== undefined),
    ),
  ];
  const missing = needed.filter(({ item }) => item === undefined || !there.has(item));
  const [first] = missing;
  if (first === undefined) return;
  const place = first.namedBy[0] === undefined ? '' : `, named in ${describeNaming(first.namedBy[0])}`;
  throw new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `${missing.length} image(s) that are named are not in the release; first image ${first.image}${place}`,
    hint: 'nothing was sealed; this is a mistake of ours, please report it',
    data: { images: missing.map(({ image }) => image) },
  });
}
