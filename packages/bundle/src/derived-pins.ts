import { type GitWish, type NamedBy, type Pin, wishDigest } from '@gapferry/core';
import type { BundleConfig } from './bundle-config.ts';
import { isDerivedFrom } from './derived-wish.ts';
import { waiverOf } from './waiver.ts';

/** Pins that are there although no line of bundle.yaml wants them, and may be: content names each, everything that names it was looked into and leads back to a line of bundle.yaml, no waiver covers it,
 *  and it answers the wish that bundle.yaml gives it today. */
export function derivedPins(
  pins: readonly Pin[],
  config: Pick<BundleConfig, 'wishes' | 'platforms' | 'upstream' | 'waivers'>,
): ReadonlySet<Pin> {
  const wished = new Map(config.wishes.map((wish) => [wishDigest(wish), wish]));
  const roots = pins.filter((pin) => wished.has(pin.wish) && isLookedInto(pin));
  const closed = new Map(
    roots.flatMap((pin) => {
      const wish = wished.get(pin.wish);
      return wish?.kind === 'git' ? [[nameOf(pin), closedOf(wish)] as const] : [];
    }),
  );
  let derived = pins.filter(
    (pin) => !wished.has(pin.wish) && isDerivedFrom(pin, config) && !isWaived(pin, config),
  );
  for (;;) {
    const reached = reachedFrom(roots, derived, closed);
    if (reached.length === derived.length) return new Set(derived);
    derived = reached;
  }
}

/** What is not looked for in a repository of bundle.yaml. */
type Closed = ReadonlyMap<string, { readonly submodules: boolean; readonly images: boolean }>;

function closedOf({ submodules, images }: GitWish): { submodules: boolean; images: boolean } {
  return { submodules: submodules === 'none', images: images !== 'discover' };
}

/** Those of which every namer is a root or among them, and a root leads to them. */
function reachedFrom(roots: readonly Pin[], derived: readonly Pin[], closed: Closed): Pin[] {
  const looked = derived.filter((pin) => pin.kind === 'image' || isLookedInto(pin));
  const namers = new Set([...roots, ...looked].map(nameOf));
  const founded = derived.filter((pin) =>
    namersOf(pin).every(({ item, method }) => {
      const isClosed = method === 'submodule' ? closed.get(item)?.submodules : closed.get(item)?.images;
      return namers.has(item) && isClosed !== true;
    }),
  );
  const named = Map.groupBy(
    founded.flatMap((pin) =>
      [...new Set(namersOf(pin).map(({ item }) => item))].map((item) => ({ item, pin })),
    ),
    ({ item }) => item,
  );
  const reached = new Set<Pin>();
  const waiting: Pin[] = [...roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const { pin } of named.get(nameOf(next)) ?? []) {
      if (reached.has(pin)) continue;
      reached.add(pin);
      waiting.push(pin);
    }
  return derived.filter((pin) => reached.has(pin));
}

/** That a repository was looked into is part of its wish. An image is looked into where only content wants it: then it may be an artifact of manifests. */
function isLookedInto(pin: Pin): boolean {
  return pin.kind === 'git' || (pin.kind === 'chart' && pin.rendered !== undefined);
}

function isWaived(pin: Pin, { waivers = [] }: Pick<BundleConfig, 'waivers'>): boolean {
  return pin.kind !== 'file' && waiverOf(pin.kind, pin.id, waivers) !== undefined;
}

function namersOf(pin: Pin): readonly NamedBy[] {
  return pin.kind === 'file' ? [] : (pin.namedBy ?? []);
}

function nameOf({ kind, id }: Pin): string {
  return `${kind} ${id}`;
}
