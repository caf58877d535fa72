import {
  type BundleConfig,
  describeItem,
  discoveredWish,
  type Lock,
  pinsFor,
  waivableOf,
  waiverOf,
} from '@gapferry/bundle';
import {
  describeWish,
  GapferryError,
  isGapferryError,
  type Pin,
  renderingDigest,
  wishDigest,
} from '@gapferry/core';
import { type Discovery, renderingInput } from './discovery.ts';
import { chartsToLookInto } from './look-into-charts.ts';
import { repositoriesToLookInto } from './look-into-git.ts';

/** Does the lock say what resolving the bundle would say if upstream stood still? No chart is rendered: that its images were looked for, and with which values, stands in its pin, and an image
 *  that only charts name is there by what names it. Throws `LOCK_STALE`. */
export function requireFittingLock(config: BundleConfig, lock: Lock, discovery: Discovery | undefined): void {
  const lookedInto = new Set([
    ...lock.pins.filter((pin) => pin.kind === 'chart' && pin.rendered !== undefined).map(describeItem),
    // That a repository was looked into is part of its wish.
    ...repositoriesToLookInto(config, lock.pins).map(({ pin }) => describeItem(pin)),
  ]);
  pinsFor(config.wishes, lock, (pin) => isDerived(pin, config, lookedInto));
  if (discovery !== undefined) requireSameRendering(config, lock, discovery);
  requireWaived(config, lock);
}

/** An image that no line of bundle.yaml wants, but a chart or a repository of the lock does, under the wish that bundle.yaml gives it today. */
function isDerived(pin: Pin, config: BundleConfig, lookedInto: ReadonlySet<string>): boolean {
  if (pin.kind !== 'image' || pin.namedBy === undefined) return false;
  return (
    pin.namedBy.every(({ item }) => lookedInto.has(item)) &&
    waiverOf('image', pin.id, config.waivers ?? []) === undefined &&
    isWishedAs(pin, config)
  );
}

function isWishedAs(pin: Pin, config: BundleConfig): boolean {
  try {
    return wishDigest(discoveredWish(pin.id, config)) === pin.wish;
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return false;
    throw error;
  }
}

function requireSameRendering(config: BundleConfig, lock: Lock, { values }: Discovery): void {
  for (const { wish, pin } of chartsToLookInto(config, lock.pins)) {
    const expected = renderingDigest(renderingInput(wish.rendering ?? {}, values));
    if (pin.rendered === undefined)
      throw stale(`it was made without looking for the images that "${describeWish(wish)}" names`);
    if (pin.rendered !== expected)
      throw stale(`"${describeWish(wish)}" was rendered with other values than its files hold now`);
  }
}

/** What was left out on purpose must still be. */
function requireWaived({ waivers = [] }: BundleConfig, { waived = [] }: Lock): void {
  const wanted = waived
    .map(waivableOf)
    .filter(({ kind, name }) => waiverOf(kind, name, waivers) === undefined);
  const [first] = wanted;
  if (first === undefined) return;
  const more = wanted.length > 1 ? ` and ${wanted.length - 1} more` : '';
  throw stale(`${first.kind} ${first.name}${more} was waived and is not any more`);
}

function stale(why: string): GapferryError {
  return new GapferryError({
    code: 'LOCK_STALE',
    message: `the lock does not fit bundle.yaml: ${why}`,
    hint: 'run "gapferry resolve" (or collect without --locked), look at what changed in the lock, and commit it',
  });
}
