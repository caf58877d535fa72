import { type GitObject, type GitRef, type GitSignatureVerifier, isGapferryError } from '@gapferry/core';
import { checkGitRefs } from './check-git-refs.ts';
import { describeItem, type GitItem } from './manifest.ts';
import type { TrustedManifest } from './open-release.ts';
import { demandedRefs, matchesRepository } from './repository-demand.ts';
import { signedObjectsOf } from './signed-objects.ts';
import {
  makeJudgement,
  type RepositoryFinding,
  type UpstreamJudgement,
  unmet,
} from './upstream-judgement.ts';
import type { RepositoryRule } from './upstream-rule.ts';

/** A repository of which the policy demands that its refs are signed. */
export interface DemandedRepository {
  readonly item: GitItem;
  readonly rules: readonly RepositoryRule[];
}

/** What a release brought for a repository. */
export interface BroughtRefs {
  /** All of the item's. */
  readonly refs: readonly GitRef[];
  /** The content of the item's `signed`; absent where it has none. */
  readonly signed?: Uint8Array;
}

/** Repositories that rules of the policy match, in manifest order. */
export function repositoriesUnderDemand({ manifest, upstream }: TrustedManifest): DemandedRepository[] {
  if (upstream.length === 0) return [];
  return manifest.items.flatMap((item) => {
    if (item.kind !== 'git') return [];
    const rules = upstream
      .filter((rule) => 'signers' in rule)
      .filter(({ match }) => matchesRepository(match, item.id));
    return rules.length === 0 ? [] : [{ item, rules }];
  });
}

/** Holds the refs of a repository against all rules that match it, by what the release brought alone: the tags and commits themselves, each hashed to be what the ref names. What the manifest says
 *  was checked outside counts for nothing. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID` or `KEY_UNKNOWN` with item, rule and refs named, and what `signedObjectsOf` throws. */
export async function judgeRepository(
  opened: TrustedManifest,
  { item, rules }: DemandedRepository,
  brought: BroughtRefs,
  verifier: GitSignatureVerifier,
): Promise<UpstreamJudgement<RepositoryFinding>> {
  const objects = objectsOf(item, brought);
  const findings: RepositoryFinding[] = [];
  for (const rule of rules)
    findings.push(await findingOf(item, rule, { refs: brought.refs, objects }, verifier));
  return makeJudgement({ opened, item, findings });
}

function objectsOf(item: GitItem, { refs, signed }: BroughtRefs): ReadonlyMap<string, GitObject> {
  if (signed === undefined || item.signed === undefined) return new Map();
  return signedObjectsOf(item, refs, signed);
}

async function findingOf(
  item: GitItem,
  { match, signers, refs: patterns }: RepositoryRule,
  { refs, objects }: { readonly refs: readonly GitRef[]; readonly objects: ReadonlyMap<string, GitObject> },
  verifier: GitSignatureVerifier,
): Promise<RepositoryFinding> {
  const demanded = demandedRefs({ refs, head: item.head }, patterns);
  const missing = 'came without its signed tag or commit';
  try {
    const checks = await checkGitRefs({ refs: demanded, objects, signers, missing }, verifier);
    return { item: describeItem(item), match, checks };
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'trust') throw error;
    const hint =
      error.code === 'SIGNATURE_MISSING'
        ? 'nothing was loaded; state "verify" for these refs of the repository in bundle.yaml outside, so that what is signed is checked there and travels, and collect again'
        : 'nothing was loaded; ask upstream who signed it, and what changed';
    throw unmet(describeItem(item), match, error, hint);
  }
}
