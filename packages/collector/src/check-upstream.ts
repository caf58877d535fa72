import { readSignatureMaterial } from '@gapferry/bundle';
import {
  type BlobStore,
  type ChartHolding,
  describeWish,
  GapferryError,
  type GitHolding,
  type Holding,
  type ImageHolding,
  isGapferryError,
  isGitObjectReader,
  type Run,
  type Sources,
  type UpstreamDemand,
  type UpstreamVerification,
  type UpstreamVerifier,
  type Wish,
} from '@gapferry/core';
import { checkGitSignatures, type GitDemands } from './check-git-signatures.ts';

/** How upstream's signatures are held against what wishes demand. */
export interface UpstreamDemands {
  readonly verifier: UpstreamVerifier;
  /** A demand with its key or trusted root read in. */
  demandOf(verification: UpstreamVerification): UpstreamDemand;
  /** The same for Git. */
  readonly git?: GitDemands;
}

export interface UpstreamMeans {
  /** Absent: nobody can check. */
  readonly upstream?: UpstreamDemands | undefined;
  readonly sources: Pick<Sources, 'git'>;
  readonly store: BlobStore;
}

/** A holding whose upstream signatures meet every demand of its wish, with what was checked noted in it; the same holding where nothing is demanded.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `LIMIT_EXCEEDED`, and `INTERNAL` where nobody was given who could check. */
export async function checkUpstream(
  holding: Holding,
  wish: Wish | undefined,
  means: UpstreamMeans,
  run: Run,
): Promise<Holding> {
  const { upstream, store } = means;
  if (holding.kind === 'git') return checkRepository(holding, wish, means, run);
  const demanded = demandedBy(wish);
  if (wish === undefined || demanded.length === 0) return holding;
  if (upstream === undefined || (holding.kind !== 'image' && holding.kind !== 'chart'))
    throw nobodyChecks(wish);
  const material = await readSignatureMaterial(signedArtifact(holding), store, run);
  const subject = rootOf(holding).digest;
  try {
    const checked = demanded.map((one) =>
      upstream.verifier.verify(subject, material, upstream.demandOf(one)),
    );
    return { ...holding, checked: [...(holding.checked ?? []), ...checked] };
  } catch (error) {
    throw isGapferryError(error, 'SIGNATURE_MISSING') ? withHint(error, wish) : error;
  }
}

async function checkRepository(
  holding: GitHolding,
  wish: Wish | undefined,
  { upstream, sources, store }: UpstreamMeans,
  run: Run,
): Promise<GitHolding> {
  const demanded = wish?.kind === 'git' ? (wish.verify ?? []) : [];
  if (wish === undefined || demanded.length === 0) return holding;
  if (upstream?.git === undefined || !isGitObjectReader(sources.git)) throw nobodyChecks(wish);
  return await checkGitSignatures(
    { holding, demanded, demands: upstream.git, objects: sources.git, store },
    run,
  );
}

function nobodyChecks(wish: Wish): GapferryError {
  return new GapferryError({
    code: 'INTERNAL',
    message: `nobody checks the upstream signatures that "${describeWish(wish)}" demands`,
  });
}

function demandedBy(wish: Wish | undefined): readonly UpstreamVerification[] {
  return wish !== undefined && wish.kind !== 'git' && 'verify' in wish ? (wish.verify ?? []) : [];
}

function signedArtifact(holding: ImageHolding | ChartHolding): Parameters<typeof readSignatureMaterial>[0] {
  const { kind, pin, attachments = [] } = holding;
  return { item: `${kind} ${pin.id}`, subject: rootOf(holding), attachments };
}

/** What upstream served and signed, before any platform filter. */
function rootOf(holding: ImageHolding | ChartHolding): ImageHolding['root'] {
  return holding.kind === 'image' ? holding.pin.root : holding.root;
}

function withHint(error: GapferryError, wish: Wish): GapferryError {
  const chosen = wish.kind === 'image' && wish.attachments !== undefined;
  return new GapferryError({
    code: error.code,
    message: error.message,
    hint: chosen
      ? 'look at its "attachments": they must let signatures in, by the word "signature" or by taking all'
      : 'have upstream sign it, or take the demand out of bundle.yaml; a signature made after the lock comes in with "gapferry resolve"',
    data: error.data,
    cause: error,
  });
}
