import { type Digest, GapferryError, type GitCheck, type UpstreamCheck } from '@gapferry/core';
import type { Item } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';

declare const judged: unique symbol;

/** Upstream's signatures of one item meet every demand of the trust policy on it. Only the judges of this package make one. */
export interface UpstreamJudgement<F extends UpstreamFinding = UpstreamFinding> {
  readonly [judged]: true;
  readonly opened: TrustedManifest;
  readonly item: Item;
  /** One for each rule that matches, in the policy's order. */
  readonly findings: readonly F[];
}

/** One demand that one item met. */
export type UpstreamFinding = ArtifactFinding | RepositoryFinding;

interface FindingBase {
  /** `image docker.io/library/nginx:1.27.3`. */
  readonly item: string;
  /** The rule's pattern. */
  readonly match: string;
}

export interface ArtifactFinding extends FindingBase {
  /** What is signed: the manifest that upstream served. */
  readonly subject: Digest;
  readonly check: UpstreamCheck;
}

export interface RepositoryFinding extends FindingBase {
  /** Who signed which refs; empty where the rule fits none of them. */
  readonly checks: readonly GitCheck[];
}

const made = new WeakSet<object>();

export function makeJudgement<F extends UpstreamFinding>(
  judgement: Omit<UpstreamJudgement<F>, typeof judged>,
): UpstreamJudgement<F> {
  const one = Object.freeze({ ...judgement }) as unknown as UpstreamJudgement<F>;
  made.add(one);
  return one;
}

/** By item; what only looks like a judgement, or is one of another release, is passed over. */
export function findingsOf(
  opened: TrustedManifest,
  judgements: readonly UpstreamJudgement[],
): ReadonlyMap<Item, readonly UpstreamFinding[]> {
  return new Map(
    judgements
      .filter((one) => made.has(one) && one.opened === opened)
      .map(({ item, findings }) => [item, findings]),
  );
}

/** An item that does not meet a rule. */
export function unmet(item: string, match: string, error: GapferryError, hint: string): GapferryError {
  return new GapferryError({
    code: error.code,
    message: `${item} does not meet what the trust policy demands of "${match}": ${error.message}`,
    hint,
    origin: 'medium',
    data: { ...error.data, item, match },
    cause: error,
  });
}
