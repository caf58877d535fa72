import { canonicalBytes, type Digest, digestOf, type Presence } from '@gapferry/core';
import type { ItemKind } from './manifest.ts';

/** What the survey and the ledger said of one step. */
export interface StepSaid {
  readonly kind: ItemKind;
  readonly content: Presence | undefined;
  readonly name: Presence;
  /** `Ownership` as the ledger knows it. */
  readonly owner: unknown;
}

/** sha256 over the canonical JSON of everything that the decision about a step was made from (docs/spec/11-plan-file.md). How many bytes a repository lacks is left out: it is measured in packs, and those of the next survey may be others. */
export function stepState({ kind, content, name, owner }: StepSaid): Digest {
  const said = {
    content: content === undefined ? null : withoutGuess(content, kind),
    name: withoutGuess(name, kind),
    owner: owner ?? null,
  };
  return digestOf(canonicalBytes(said));
}

function withoutGuess(presence: Presence, kind: ItemKind): unknown {
  if (kind !== 'git' || presence.state === 'same') return presence;
  const { missingBytes: _, ...rest } = presence;
  return rest;
}

/** sha256 over the list of `[target, place, state]` of all steps, in the order of the plan. */
export function planState(
  steps: readonly { readonly target: string; readonly place: string; readonly state: Digest }[],
): Digest {
  return digestOf(canonicalBytes(steps.map(({ target, place, state }) => [target, place, state])));
}
