import { describeNaming, describeWish, GapferryError } from '@gapferry/core';
import type { DiscoveredImage } from './discovery.ts';
import type { LookedInto } from './look-into-charts.ts';
import { combinedError } from './resolve-error.ts';

/** An image that must be there and cannot be had. */
export interface DiscoveryFailure {
  readonly image: DiscoveredImage;
  readonly error: unknown;
  /** Everything that was looked into. */
  readonly looked: readonly LookedInto[];
}

/** One error for all of them, each with the chain from the image to the wish and the place where it is named. `images`: how many were found. */
export function discoveryError(failures: readonly DiscoveryFailure[], images: number): GapferryError {
  const named = failures.map((failure) => ({ wish: chainOf(failure), error: withPlace(failure) }));
  return combinedError(named, `${images} images that are named`);
}

/** `image X ← chart Y ← wish "Z"`, `image X ← git Y ← wish "Z"`. */
function chainOf({ image, looked }: DiscoveryFailure): string {
  const [first] = image.namedBy;
  const namer = looked.find(({ pin }) => `${pin.kind} ${pin.id}` === first?.item);
  const wish = namer === undefined ? '' : ` ← wish "${describeWish(namer.wish)}"`;
  return `image ${image.image} ← ${first?.item}${wish}`;
}

function withPlace({ image, error }: DiscoveryFailure): unknown {
  if (!(error instanceof GapferryError)) return error;
  const [first] = image.namedBy;
  const more = image.namedBy.length > 1 ? ` and ${image.namedBy.length - 1} more place(s)` : '';
  const place = first === undefined ? '' : `; named in ${describeNaming(first)}${more}`;
  return new GapferryError({
    code: error.code,
    message: `${error.message}${place}`,
    ...hintFor(error, image),
    origin: error.origin ?? 'source',
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, image: image.image, confidence: image.confidence, namedBy: image.namedBy },
    cause: error,
  });
}

/** Upstream's answer is final: what can be changed is what the chart is rendered with, or the bundle. */
function hintFor(error: GapferryError, { confidence, namedBy }: DiscoveredImage): { hint?: string } {
  if (error.code === 'SOURCE_NOT_FOUND' || error.code === 'REFERENCE_INVALID')
    return {
      hint: namedBy.every(({ item }) => item.startsWith('git '))
        ? 'mend what the repository says, or, if the image is not needed, say so and why under "waivers"'
        : 'give the chart the values it is installed with ("values" in bundle.yaml), or, if the image is not needed, say so and why under "waivers"',
    };
  const hints = [
    ...(error.hint === undefined ? [] : [error.hint]),
    ...(confidence === 'likely' ? ['if it is no image that is needed, say so under "waivers"'] : []),
  ];
  return hints.length === 0 ? {} : { hint: hints.join('; ') };
}
