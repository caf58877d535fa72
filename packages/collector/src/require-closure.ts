import type { Lock, Manifest } from '@gapferry/bundle';
import { describeNaming, GapferryError, type NamedBy } from '@gapferry/core';
import type { DiscoveredImage } from './discovery.ts';
import type { Lead } from './leads.ts';
import { nameOf } from './pointer.ts';

/** Something that is named, and the release's item that it should be. */
interface Needed {
  /** As content names it. */
  readonly name: string;
  /** Kind and id. */
  readonly item: string | undefined;
  readonly namedBy: readonly NamedBy[];
}

/** Closure, proved once more on what will be sealed: every image that charts and repositories surely need, everything that references became, and every item that the lock holds because content names it,
 *  is in the manifest, or waived. Throws `RELEASE_INCOMPLETE`. */
export function requireClosure(
  manifest: Manifest,
  lock: Lock,
  discovered: readonly DiscoveredImage[] = [],
  leads: readonly Lead[] = [],
): void {
  const there = new Set(manifest.items.map(nameOf));
  const needed = [...neededByLock(lock), ...discovered.flatMap(neededImage), ...leads.flatMap(neededByLead)];
  const missing = needed.filter(({ item }) => item === undefined || !there.has(item));
  const [first] = missing;
  if (first === undefined) return;
  const place = first.namedBy[0] === undefined ? '' : `, named in ${describeNaming(first.namedBy[0])}`;
  throw new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `${missing.length} item(s) that are named are not in the release; first ${first.name}${place}`,
    hint: 'nothing was sealed; this is a mistake of ours, please report it',
    data: { items: missing.map(({ name }) => name) },
  });
}

function neededByLock({ pins }: Lock): Needed[] {
  return pins.flatMap((pin) => {
    if (pin.kind === 'file' || pin.namedBy === undefined) return [];
    return [{ name: nameOf(pin), item: nameOf(pin), namedBy: pin.namedBy }];
  });
}

function neededImage({ image, confidence, outcome, item, namedBy }: DiscoveredImage): Needed[] {
  if (outcome === 'waived' || (confidence !== 'certain' && item === undefined)) return [];
  return [{ name: `image ${image}`, item: item === undefined ? undefined : `image ${item}`, namedBy }];
}

/** What is only listed, for a reason that is told, is not needed here; nothing else may lack an item. */
function neededByLead({ outcome, became, to = '' }: Lead): Needed[] {
  if (outcome !== 'included' && outcome !== 'wanted' && outcome !== 'failed') return [];
  return [{ name: to, item: became, namedBy: [] }];
}
