import {
  type BroughtRefs,
  type DemandedRepository,
  describeItem,
  type GitItem,
  judgeRepository,
  repositoriesUnderDemand,
  SIGNED_OBJECTS_LIMIT,
  signedObjectsOf,
  type TrustedManifest,
  type UpstreamJudgement,
} from '@gapferry/bundle';
import { type BlobReader, type GitSignatureVerifier, inLanes, type Run } from '@gapferry/core';
import { readList } from './read-list.ts';
import { readRefList } from './read-ref-lists.ts';

/** Repositories whose signed tags and commits are read at a time: each may bring 16 MiB of them. */
const CONCURRENCY = 2;

/** Judges every repository of which the policy demands signatures by the tags and commits that the release brought for it, and by the policy's own files of signers. Of other repositories what they
 *  brought is held against what the manifest says of it. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `LIMIT_EXCEEDED`, `MANIFEST_INVALID`, and what reading throws. */
export async function judgeRepositoriesOnMedium(
  opened: TrustedManifest,
  {
    medium,
    gitSignatureVerifier,
  }: { readonly medium: BlobReader; readonly gitSignatureVerifier: GitSignatureVerifier },
  run: Run,
): Promise<readonly UpstreamJudgement[]> {
  const demanded = repositoriesUnderDemand(opened);
  const judge = async (one: DemandedRepository, inner: Run): Promise<UpstreamJudgement> =>
    judgeRepository(opened, one, await readBrought(one.item, medium, inner), gitSignatureVerifier);
  const judgements = await inLanes(demanded, CONCURRENCY, judge, run);
  const judged = new Set(demanded.map(({ item }) => item));
  const repositories = opened.manifest.items.filter((item) => item.kind === 'git');
  const others = repositories.filter((item) => item.signed !== undefined && !judged.has(item));
  await inLanes(others, CONCURRENCY, (item, inner) => requireSigned(item, medium, inner), run);
  return judgements;
}

async function requireSigned(item: GitItem, medium: BlobReader, run: Run): Promise<void> {
  const { refs, signed = new Uint8Array(0) } = await readBrought(item, medium, run);
  signedObjectsOf(item, refs, signed);
}

async function readBrought(item: GitItem, medium: BlobReader, run: Run): Promise<BroughtRefs> {
  const refs = 'list' in item.refs ? await readRefList(item, item.refs.list, medium, run) : item.refs;
  if (item.signed === undefined) return { refs };
  const what = `the signed tags and commits of ${describeItem(item)}`;
  return { refs, signed: await readList(item.signed, SIGNED_OBJECTS_LIMIT, what, medium, run) };
}
