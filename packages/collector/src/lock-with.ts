import {
  type BundleConfig,
  foundDigest,
  type Lock,
  makeLock,
  toDerivedPin,
  toWaivable,
  type WaivedItem,
} from '@gapferry/bundle';
import {
  byNaming,
  type ChartPin,
  type NamedBy,
  type Pin,
  renderingsDigest,
  wishDigest,
} from '@gapferry/core';
import { type DiscoveredImage, renderedDigest } from './discovery.ts';
import type { Followed } from './follow-references.ts';
import type { LookedInto } from './look-into-charts.ts';
import { repositoriesWithSubmodules } from './look-into-submodules.ts';
import { keptNamings, referenceNaming, uniqueNamings } from './naming.ts';
import { nameOf } from './pointer.ts';

/** An image that content names, with the pin that it is in the release. */
export interface PinnedImage {
  readonly image: DiscoveredImage;
  readonly pin?: Pin;
}

/** The bundle's lock with everything that was found: what content alone wants, what names each item, what charts were rendered with, and what is waived. */
export function lockWith(
  lock: Lock,
  { config, followed, images }: { config: BundleConfig; followed: Followed; images: readonly PinnedImage[] },
): Lock {
  const named = namings(followed);
  // With its commits, also where only the repository itself has them as a submodule.
  const pins = new Map<string, Pin>(
    lock.pins.map((pin) => [nameOf(pin), followed.pins.get(nameOf(pin)) ?? pin]),
  );
  for (const [name, namedBy] of named) {
    const pin = followed.pins.get(name) ?? pins.get(name);
    if (pin === undefined || pin.kind === 'file') continue;
    pins.set(name, pins.has(name) ? { ...pin, namedBy } : toDerivedPin(pin, namedBy, config));
  }
  for (const [name, pin] of pins)
    if (pin.kind === 'chart') pins.set(name, withRendering(pin, followed.looked, config));
  for (const { image, pin } of images) {
    if (pin === undefined) continue;
    const there = pins.get(`image ${pin.id}`);
    const before = there?.kind === 'image' ? (there.namedBy ?? []) : [];
    pins.set(`image ${pin.id}`, { ...pin, namedBy: merged([...before, ...image.namedBy]) } as Pin);
  }
  const made = makeLock(lock.bundle, [...pins.values()], waivedOf(followed, images));
  const isLookedInto = followed.looked.length > 0 || repositoriesWithSubmodules(config, lock.pins).length > 0;
  return isLookedInto ? { ...made, found: foundDigest(made) } : made;
}

/** What points to each item. That an item points to itself says nothing. */
function namings({ verdicts }: Followed): Map<string, NamedBy[]> {
  const pointed = [...verdicts].flatMap(([{ item, reference }, { became }]) =>
    became === undefined || became === item || became.startsWith('file ')
      ? []
      : [{ became, naming: referenceNaming(item, reference) }],
  );
  return new Map(
    [...Map.groupBy(pointed, ({ became }) => became)].map(([became, own]) => [
      became,
      keptNamings(own.map(({ naming }) => naming)).sort(byNaming),
    ]),
  );
}

/** Of a line of bundle.yaml its own rendering, which can be known without looking; otherwise all there were. */
function withRendering(pin: ChartPin, looked: readonly LookedInto[], { wishes }: BundleConfig): ChartPin {
  const own = looked.filter((one) => one.pin.kind === 'chart' && one.pin.id === pin.id);
  const wanted = wishes.find((wish) => wishDigest(wish) === pin.wish);
  const counted = wanted === undefined ? own : own.filter(({ wish }) => wish !== undefined);
  const digests = counted.flatMap(({ rendered }) => (rendered === undefined ? [] : [rendered]));
  if (digests.length === 0) return pin;
  const rendered = wanted?.kind === 'chart' ? renderedDigest(wanted, digests) : renderingsDigest(digests);
  return { ...pin, rendered };
}

function waivedOf({ verdicts }: Followed, images: readonly PinnedImage[]): WaivedItem[] {
  const pointed = [...verdicts].flatMap(([{ item, reference }, { outcome, called }]) =>
    outcome === 'waived' && called !== undefined
      ? [{ ...called, namedBy: [referenceNaming(item, reference)] }]
      : [],
  );
  const named = images
    .filter(({ image }) => image.outcome === 'waived')
    .map(({ image: { image, namedBy } }) => ({ kind: 'image' as const, name: image, namedBy }));
  const groups = Map.groupBy([...named, ...pointed], ({ kind, name }) => `${kind} ${name}`);
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    const namedBy = keptNamings(own.flatMap((one) => one.namedBy)).sort(byNaming);
    return [{ ...toWaivable(first.kind, first.name), namedBy }];
  });
}

/** Two spellings may be one image. */
function merged(namings: readonly NamedBy[]): NamedBy[] {
  return uniqueNamings(namings).sort(byNaming);
}
