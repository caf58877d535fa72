import type { WaivableKind } from '@gapferry/bundle';
import { type Confidence, describeNaming, GapferryError, type NamedBy } from '@gapferry/core';
import { LEAVE_OUT } from './judge-reference.ts';
import { combinedError } from './resolve-error.ts';
import { type ChainLink, shortestChain } from './shortest-chain.ts';

/** Something that must be there and cannot be had. */
export interface DiscoveryFailure {
  readonly kind: WaivableKind;
  /** Its id, as far as it is known. */
  readonly name: string;
  /** Whether content names an image, or points to an item. */
  readonly isReference: boolean;
  readonly confidence: Confidence;
  /** Sorted by `byNaming`. */
  readonly namedBy: readonly NamedBy[];
  readonly error: unknown;
}

/** One error for all of them, each with the chain that leads to a line of bundle.yaml and the place where it is named. `all`: of how many things, in words. */
export function discoveryError(
  failures: readonly DiscoveryFailure[],
  links: ReadonlyMap<string, ChainLink>,
  all: string,
): GapferryError {
  const named = failures.map((failure) => ({
    wish: shortestChain(`${failure.kind} ${failure.name}`, failure.namedBy, links),
    error: withPlace(failure),
  }));
  return combinedError(named, all);
}

function withPlace(failure: DiscoveryFailure): unknown {
  const { kind, name, confidence, namedBy, error } = failure;
  if (!(error instanceof GapferryError)) return error;
  const [first] = namedBy;
  const more = namedBy.length > 1 ? ` and ${namedBy.length - 1} more place(s)` : '';
  const place = first === undefined ? '' : `; named in ${describeNaming(first)}${more}`;
  return new GapferryError({
    code: error.code,
    message: `${error.message}${place}`,
    ...hintFor(error, failure),
    origin: error.origin ?? 'source',
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, [kind]: name, confidence, namedBy },
    cause: error,
  });
}

/** Upstream's answer is final: what can be changed is what names it, what a chart is rendered with, or the bundle. */
function hintFor(error: GapferryError, failure: DiscoveryFailure): { hint?: string } {
  if (error.code === 'SOURCE_NOT_FOUND' || error.code === 'REFERENCE_INVALID')
    return { hint: hintForMissing(failure) };
  const hints = [...(error.hint === undefined ? [] : [error.hint]), ...hintsToWaive(error, failure)];
  return hints.length === 0 ? {} : { hint: hints.join('; ') };
}

function hintForMissing({ kind, namedBy }: DiscoveryFailure): string {
  if (namedBy.every(({ method }) => method === 'submodule')) return `mend .gitmodules upstream, ${LEAVE_OUT}`;
  const what = kind === 'image' ? 'the image' : kind === 'chart' ? 'the chart' : 'the repository';
  const waive = `if ${what} is not needed, say so and why under "waivers"`;
  return namedBy.every(({ item }) => !item.startsWith('chart '))
    ? `mend what the repository says, or, ${waive}`
    : `give the chart the values it is installed with ("values" in bundle.yaml), or, ${waive}`;
}

function hintsToWaive(error: GapferryError, { confidence, isReference }: DiscoveryFailure): string[] {
  if (!isReference)
    return confidence === 'likely' ? ['if it is no image that is needed, say so under "waivers"'] : [];
  if (error.category === 'transport') return ['if it stands inside only, say so and why under "waivers"'];
  return error.code === 'RELEASE_INCOMPLETE' ? [] : ['if it is not needed, say so and why under "waivers"'];
}
