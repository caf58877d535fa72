import { checkGitRefs, demandedRefs, encodeSignedObjects, parseSignedObjects } from '@gapferry/bundle';
import {
  type BlobWriter,
  GapferryError,
  GIT_OBJECT_LIMITS,
  type GitCheck,
  type GitHolding,
  type GitObject,
  type GitObjectReader,
  type GitPin,
  type GitRef,
  type GitSignatureVerifier,
  type GitSigners,
  type GitVerification,
  isGapferryError,
  MEDIA_TYPES,
  matchesRef,
  printable,
  type Run,
} from '@gapferry/core';

/** How the signatures of tags and commits are held against what wishes demand. */
export interface GitDemands {
  readonly verifier: GitSignatureVerifier;
  /** The files that a demand names, read in. */
  signersOf(verification: GitVerification): GitSigners;
}

export interface GitSignatureCheck {
  readonly holding: GitHolding;
  readonly demanded: readonly GitVerification[];
  readonly demands: GitDemands;
  readonly objects: GitObjectReader;
  readonly store: BlobWriter;
}

/** A holding whose refs are signed as every demand wants, with what was checked noted in it, and with the tags and commits themselves as a blob in the store, so that the inside can check them again.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID` and `KEY_UNKNOWN` with the refs and keys named, `LIMIT_EXCEEDED`, and what reading throws. */
export async function checkGitSignatures(
  { holding, demanded, demands, objects, store }: GitSignatureCheck,
  run: Run,
): Promise<GitHolding> {
  const { pin } = holding;
  const wanted = demanded.map((demand) => ({ demand, refs: refsUnder(demand, pin) }));
  for (const { demand, refs } of wanted)
    if (refs.length === 0 && demand.ifAny) run.emit({ kind: 'warning', item: pin.id, message: idle(demand) });
  requireRoom(wanted, pin);
  const oids = [...new Set(wanted.flatMap(({ refs }) => refs.map(({ oid }) => oid)))];
  if (oids.length === 0) return holding;
  const read = await objects.readObjects(pin, oids, run);
  const byId = new Map(read.map((object) => [object.oid, object]));
  const checked: GitCheck[] = [];
  for (const { demand, refs } of wanted) checked.push(...(await checkOne(demand, refs, byId, demands)));
  const signed = encodeSignedObjects(read);
  // What the inside would refuse is never sealed.
  parseSignedObjects(signed, `the signed tags and commits of git ${pin.id}`);
  return { ...holding, checked, signed: await store.add(MEDIA_TYPES.gitSigned, signed, run) };
}

/** Several refs may name one object; a manifest has no room for more of them. */
function requireRoom(wanted: readonly { readonly refs: readonly GitRef[] }[], { id }: GitPin): void {
  const names = new Set(wanted.flatMap(({ refs }) => refs.map(({ name }) => name)));
  const { objects: most } = GIT_OBJECT_LIMITS;
  if (names.size <= most) return;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${names.size} refs of git ${id} must be signed; at most ${most} are taken where signatures are checked`,
    hint: 'name the refs that must be signed under "verify" of the repository in bundle.yaml ("refs")',
  });
}

/** Throws `SIGNATURE_MISSING` where a line of bundle.yaml names refs that are not there: then nothing would be checked, and nobody would notice. */
function refsUnder({ refs: patterns, ifAny }: GitVerification, pin: GitPin): readonly GitRef[] {
  const { refs, head } = pin;
  const idle = patterns?.find((pattern) => !refs.some(({ name }) => matchesRef(name, pattern, head)));
  if (idle !== undefined && ifAny === undefined)
    throw new GapferryError({
      code: 'SIGNATURE_MISSING',
      message: `no ref that is collected fits "${idle.slice(0, 200)}", which must be signed`,
      hint: 'name refs under "verify" that "refs" of the repository brings',
    });
  return demandedRefs(pin, patterns);
}

/** A mistyped pattern would else look like a repository whose signatures are right. */
function idle({ refs = [] }: GitVerification): string {
  const shown = refs.slice(0, 5).join(', ').slice(0, 200);
  return printable(
    `"upstream" of bundle.yaml wants ${shown} signed and no ref that is collected fits: nothing of it was checked`,
  );
}

async function checkOne(
  demand: GitVerification,
  refs: readonly GitRef[],
  objects: ReadonlyMap<string, GitObject>,
  { verifier, signersOf }: GitDemands,
): Promise<readonly GitCheck[]> {
  const missing = 'names neither a tag nor a commit, so nobody can sign it';
  try {
    return await checkGitRefs({ refs, objects, signers: signersOf(demand), missing }, verifier);
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'trust') throw error;
    throw new GapferryError({
      code: error.code,
      message: error.message,
      hint: hintOf(error, demand),
      data: error.data,
      cause: error,
    });
  }
}

function hintOf({ code }: GapferryError, { allowedSigners, keyring }: GitVerification): string {
  const files = [allowedSigners, keyring].filter((file) => file !== undefined).join(' or ');
  if (code === 'KEY_UNKNOWN')
    return `nothing was sealed; ask upstream, over another way, who signs there, and add the key to ${files}`;
  if (code === 'SIGNATURE_MISSING')
    return 'nothing was sealed; have upstream sign it, or name the refs that are signed under "verify" ("refs") in bundle.yaml';
  return 'nothing was sealed; it was changed after it was signed, or signed in a way that is refused: ask upstream what happened';
}
