import {
  type Descriptor,
  type Digest,
  GapferryError,
  isGapferryError,
  type SignatureMaterial,
  type UpstreamCheck,
  type UpstreamVerifier,
} from '@gapferry/core';
import { demandedNames, matchesDemand } from './demand-glob.ts';
import { type ChartItem, describeItem, type ImageItem } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';
import type { UpstreamRule } from './upstream-rule.ts';

declare const judged: unique symbol;

/** Upstream's signatures of one item meet every demand of the trust policy on it. Only `judgeUpstream` makes one. */
export interface UpstreamJudgement {
  readonly [judged]: true;
  readonly opened: TrustedManifest;
  readonly item: ImageItem | ChartItem;
  /** One for each rule that matches, in the policy's order. */
  readonly findings: readonly UpstreamFinding[];
}

/** One demand that one item met. */
export interface UpstreamFinding {
  /** `image docker.io/library/nginx:1.27.3`. */
  readonly item: string;
  /** What is signed: the manifest that upstream served. */
  readonly subject: Digest;
  /** The rule's pattern. */
  readonly match: string;
  readonly check: UpstreamCheck;
}

/** An item of which the policy demands upstream's signature. */
export interface DemandedItem {
  readonly item: ImageItem | ChartItem;
  /** What upstream served: for a filtered image the index that is kept as a record, which the filtered one is a part of. */
  readonly subject: Descriptor;
  readonly rules: readonly UpstreamRule[];
}

const made = new WeakSet<object>();

/** Images and charts that rules of the policy match, in manifest order. A chart counts by its id wherever it says that it came from: otherwise that word alone would free it. */
export function itemsUnderDemand({ manifest, upstream }: TrustedManifest): DemandedItem[] {
  if (upstream.length === 0) return [];
  return manifest.items.flatMap((item) => {
    if (item.kind !== 'image' && item.kind !== 'chart') return [];
    const names = demandedNames(item);
    const rules = upstream.filter(({ match }) => names.some((name) => matchesDemand(match, name)));
    return rules.length === 0 ? [] : [{ item, subject: subjectOf(item), rules }];
  });
}

/** Holds what came with an item against all rules that match it, pure. `material` is what the release brought for it; what the manifest says was checked outside counts for nothing.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID` or `KEY_UNKNOWN` with the item and the rule named. */
export function judgeUpstream(
  opened: TrustedManifest,
  demanded: DemandedItem,
  material: readonly SignatureMaterial[],
  verifier: UpstreamVerifier,
): UpstreamJudgement {
  const { item, rules } = demanded;
  const findings = rules.map((rule) => findingOf(demanded, rule, material, verifier));
  const judgement = Object.freeze({ opened, item, findings }) as unknown as UpstreamJudgement;
  made.add(judgement);
  return judgement;
}

/** What was found, where every item under demand was judged under every rule. Throws `INTERNAL` otherwise. */
export function requireJudged(
  opened: TrustedManifest,
  judgements: readonly UpstreamJudgement[],
): readonly UpstreamFinding[] {
  const proved = new Map(
    judgements
      .filter((one) => made.has(one) && one.opened === opened)
      .map(({ item, findings }) => [item, findings]),
  );
  return itemsUnderDemand(opened).flatMap(({ item, rules }) => {
    const findings = proved.get(item) ?? [];
    if (findings.length === rules.length) return findings;
    throw new GapferryError({
      code: 'INTERNAL',
      message: `the upstream signatures of ${describeItem(item)} were not judged`,
    });
  });
}

function subjectOf(item: ImageItem | ChartItem): Descriptor {
  return item.kind === 'image' ? (item.upstreamIndex ?? item.root) : item.root;
}

function findingOf(
  { item, subject }: DemandedItem,
  { match, demand }: UpstreamRule,
  material: readonly SignatureMaterial[],
  verifier: UpstreamVerifier,
): UpstreamFinding {
  const name = describeItem(item);
  try {
    return {
      item: name,
      subject: subject.digest,
      match,
      check: verifier.verify(subject.digest, material, demand),
    };
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw new GapferryError({
      code: error.code,
      message: `${name} does not meet what the trust policy demands of "${match}": ${error.message}`,
      hint: hintOf(error),
      origin: 'medium',
      data: { ...error.data, item: name, match },
      cause: error,
    });
  }
}

function hintOf(error: GapferryError): string {
  if (error.code === 'SIGNATURE_MISSING')
    return 'nothing was loaded; collect the image with its signatures ("attachments" in bundle.yaml), or have upstream sign it';
  return error.hint ?? 'nothing was loaded; ask upstream who signed it, and what changed';
}
