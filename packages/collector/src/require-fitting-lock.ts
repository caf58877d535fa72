import {
  type BundleConfig,
  derivedPins,
  foundDigest,
  type Lock,
  pinsFor,
  waivableOf,
  waiverOf,
} from '@gapferry/bundle';
import { describeWish, GapferryError, renderingDigest, renderingsOf } from '@gapferry/core';
import { type Discovery, renderedDigest, renderingInput } from './discovery.ts';
import { chartsToLookInto } from './look-into-charts.ts';
import { repositoriesToLookInto } from './look-into-git.ts';
import { repositoriesWithSubmodules } from './look-into-submodules.ts';

/** Does the lock say what resolving the bundle would say if upstream stood still? No chart is rendered and no repository read: that its images were looked for, and with which values, stands in a chart's
 *  pin, and what only content wants is there by what names it. Throws `LOCK_STALE`. */
export function requireFittingLock(config: BundleConfig, lock: Lock, discovery: Discovery | undefined): void {
  const derived = derivedPins(lock.pins, config);
  pinsFor(config.wishes, lock, (pin) => derived.has(pin));
  if (discovery !== undefined) requireSameRendering(config, lock, discovery);
  requireWaived(config, lock);
  requireAllFound(config, lock, discovery !== undefined);
}

/** Nothing of what was found is gone or changed since the lock was made. */
function requireAllFound(config: BundleConfig, lock: Lock, isLooking: boolean): void {
  const isLookedInto =
    chartsToLookInto(config, lock.pins).length > 0 ||
    repositoriesToLookInto(config, lock.pins).length > 0 ||
    repositoriesWithSubmodules(config, lock.pins).length > 0;
  if (lock.found === undefined && !(isLooking && isLookedInto)) return;
  if (lock.found === undefined && !lock.pins.some((pin) => 'namedBy' in pin))
    throw stale('it was made without looking for what charts and repositories need besides');
  if (lock.found !== foundDigest(lock))
    throw stale(
      'pins of what charts and repositories name, or the records of what names them, are gone or were changed since it was made, perhaps by a merge',
    );
}

function requireSameRendering(config: BundleConfig, lock: Lock, { values }: Discovery): void {
  for (const { wish, pin } of chartsToLookInto(config, lock.pins)) {
    const each = renderingsOf(wish).map((rendering) => renderingDigest(renderingInput(rendering, values)));
    const expected = renderedDigest(wish, each);
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
