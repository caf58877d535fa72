import {
  type Descriptor,
  GapferryError,
  isGapferryError,
  type SignatureMaterial,
  type UpstreamVerifier,
} from '@gapferry/core';
import { demandedNames, matchesDemand } from './demand-glob.ts';
import { repositoriesUnderDemand } from './judge-repository.ts';
import { type ChartItem, describeItem, type ImageItem } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';
import {
  type ArtifactFinding,
  findingsOf,
  makeJudgement,
  type UpstreamFinding,
  type UpstreamJudgement,
  unmet,
} from './upstream-judgement.ts';
import type { ArtifactRule } from './upstream-rule.ts';

/** An item of which the policy demands upstream's signature. */
export interface DemandedItem {
  readonly item: ImageItem | ChartItem;
  /** What upstream served: for a filtered image the index that is kept as a record, which the filtered one is a part of. */
  readonly subject: Descriptor;
  readonly rules: readonly ArtifactRule[];
}

/** Images and charts that rules of the policy match, in manifest order. A chart counts by its id wherever it says that it came from: otherwise that word alone would free it. */
export function itemsUnderDemand({ manifest, upstream }: TrustedManifest): DemandedItem[] {
  if (upstream.length === 0) return [];
  return manifest.items.flatMap((item) => {
    if (item.kind !== 'image' && item.kind !== 'chart') return [];
    const names = demandedNames(item);
    const rules = upstream
      .filter((rule) => 'demand' in rule)
      .filter(({ match }) => names.some((name) => matchesDemand(match, name)));
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
): UpstreamJudgement<ArtifactFinding> {
  const { item, rules } = demanded;
  const findings = rules.map((rule) => findingOf(demanded, rule, material, verifier));
  return makeJudgement({ opened, item, findings });
}

/** What was found, where every item under demand was judged under every rule, repositories too. Throws `INTERNAL` otherwise. */
export function requireJudged(
  opened: TrustedManifest,
  judgements: readonly UpstreamJudgement[],
): readonly UpstreamFinding[] {
  const found = findingsOf(opened, judgements);
  return [...itemsUnderDemand(opened), ...repositoriesUnderDemand(opened)].flatMap(({ item, rules }) => {
    const findings = found.get(item) ?? [];
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
  { match, demand }: ArtifactRule,
  material: readonly SignatureMaterial[],
  verifier: UpstreamVerifier,
): ArtifactFinding {
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
    throw unmet(name, match, error, hintOf(error));
  }
}

function hintOf(error: GapferryError): string {
  if (error.code === 'SIGNATURE_MISSING')
    return 'nothing was loaded; collect the image with its signatures ("attachments" in bundle.yaml), or have upstream sign it';
  return error.hint ?? 'nothing was loaded; ask upstream who signed it, and what changed';
}
