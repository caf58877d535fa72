import type { Pin, ReferenceFinding } from '@gapferry/core';
import type { AskedTarget, Verdict } from './judge-reference.ts';

/** A reference, and the repository whose content makes it. */
export interface Pointer {
  /** Kind and id. */
  readonly item: string;
  readonly reference: ReferenceFinding;
}

/** A reference with something behind it: an item of the bundle, or one that only content wants. */
export interface Reached<T extends AskedTarget = AskedTarget> {
  readonly pointer: Pointer;
  readonly target: T;
  readonly pin: Pin;
  /** Bundle.yaml has a line for it. */
  readonly isWanted: boolean;
}

/** What looking into it makes of a verdict: another one, or points that remain open. */
export type Change = Verdict | { readonly open: readonly string[] };

export function changedVerdict(before: Verdict, change: Change): Verdict {
  if ('outcome' in change) return change;
  return { ...before, open: [...new Set([...(before.open ?? []), ...change.open])] };
}

/** Kind and id, as records name an item. */
export function nameOf({ kind, id }: Pick<Pin, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
