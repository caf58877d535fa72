import {
  type ChartPin,
  type GitPin,
  type ImagePin,
  isGapferryError,
  type Pin,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import { answersWish } from './answers-wish.ts';
import { plainChartWish } from './discovered-chart.ts';
import { plainGitWish } from './discovered-git.ts';
import { type DiscoveryDefaults, discoveredWish } from './discovered-wish.ts';
import { gitNames } from './git-entry.ts';
import { gitDemandsOn } from './git-verify-entry.ts';

/** The wish that a pin answers which only content wants: made from the pin alone, and from what bundle.yaml says of everything, so that a lock can be held against bundle.yaml without looking into anything.
 *  Throws `REFERENCE_INVALID`, and `INTERNAL` for a chart on this machine. */
export function derivedWish(pin: ImagePin | ChartPin | GitPin, config: DiscoveryDefaults): Wish {
  switch (pin.kind) {
    case 'image':
      return discoveredWish(pin.id, config);
    case 'chart':
      return plainChartWish(pin, config);
    case 'git':
      return {
        ...plainGitWish(pin, isSubmodule(pin)),
        ...gitDemandsOn(gitNames(pin.url), undefined, config.upstream ?? []),
      };
  }
}

/** A pin that only content wants, as it stands in a lock: with what names it, and under the wish that bundle.yaml gives it. Throws like `derivedWish`. */
export function toDerivedPin<P extends ImagePin | ChartPin | GitPin>(
  pin: P,
  namedBy: NonNullable<P['namedBy']>,
  config: DiscoveryDefaults,
): P {
  const named = { ...pin, namedBy };
  return { ...named, wish: wishDigest(derivedWish(named, config)) };
}

/** Does a pin that only content wants answer the wish that bundle.yaml gives it today? */
export function isDerivedFrom(pin: Pin, config: DiscoveryDefaults): boolean {
  if (pin.kind === 'file' || pin.namedBy === undefined || (pin.kind === 'chart' && pin.from === 'local'))
    return false;
  try {
    const wish = derivedWish(pin, config);
    return wishDigest(wish) === pin.wish && answersWish(pin, wish);
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return false;
    throw error;
  }
}

/** A repository on this machine may be there as a submodule alone. */
function isSubmodule({ namedBy = [] }: GitPin): boolean {
  return namedBy.some(({ method }) => method === 'submodule');
}
