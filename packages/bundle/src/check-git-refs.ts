import {
  type ErrorCode,
  GapferryError,
  type GitCheck,
  type GitObject,
  type GitRef,
  type GitSignatureVerifier,
  type GitSigner,
  type GitSigners,
  isGapferryError,
  printable,
} from '@gapferry/core';
import { mergeGitChecks } from './merge-git-checks.ts';

export interface RefsToCheck {
  readonly refs: readonly GitRef[];
  /** By id: what the refs name. */
  readonly objects: ReadonlyMap<string, GitObject>;
  readonly signers: GitSigners;
  /** What is said of a ref whose object is not there: "names nothing that …". */
  readonly missing: string;
}

/** Holds what each ref names against who may have signed it: an annotated tag its tag object, which must have the name of the tag, everything else the commit. One entry for each signer, in the order of `signerKey`.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID` or `KEY_UNKNOWN` with the refs and keys named, the gravest first, and what the signers' files are refused with. */
export async function checkGitRefs(
  { refs, objects, signers, missing }: RefsToCheck,
  verifier: GitSignatureVerifier,
): Promise<readonly GitCheck[]> {
  const known = new Map<string, Promise<GitSigner>>();
  const verify = (oid: string): Promise<GitSigner> => {
    const object = objects.get(oid);
    if (object === undefined)
      return Promise.reject(new GapferryError({ code: 'SIGNATURE_MISSING', message: missing }));
    const before = known.get(oid) ?? verifier.verify(object, signers);
    known.set(oid, before);
    return before;
  };
  const checks: GitCheck[] = [];
  const refusals: Refusal[] = [];
  for (const ref of refs) {
    try {
      const signer = await verify(ref.oid);
      requireOwnName(ref, objects.get(ref.oid));
      checks.push({ ...signer, refs: [ref.name] });
    } catch (error) {
      if (!isGapferryError(error) || error.category !== 'trust') throw error;
      refusals.push({ ref, object: objects.get(ref.oid), error });
    }
  }
  if (refusals.length > 0) throw unmet(refusals);
  return mergeGitChecks(checks);
}

/** Who may push, but not sign, could else put an old signed tag under the name of a new one. */
function requireOwnName({ name }: GitRef, object: GitObject | undefined): void {
  const short = name.startsWith('refs/tags/') ? name.slice('refs/tags/'.length) : undefined;
  if (short === undefined || object?.type !== 'tag') return;
  const [, , line = ''] = Buffer.from(object.content).toString('utf8').split('\n', 3);
  if (line === `tag ${short}`) return;
  throw new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: `is signed under another name: "${line.replace(/^tag /, '').slice(0, 200)}"`,
  });
}

interface Refusal {
  readonly ref: GitRef;
  readonly object: GitObject | undefined;
  readonly error: GapferryError;
}

/** Gravest first: what is wrong, then what is somebody else's, then what is no signature at all. */
const GRAVITY: readonly ErrorCode[] = ['SIGNATURE_INVALID', 'KEY_UNKNOWN', 'SIGNATURE_MISSING'];
const SHOWN = 5;

function unmet(refusals: readonly Refusal[]): GapferryError {
  const rank = ({ error }: Refusal): number => GRAVITY.indexOf(error.code);
  const sorted = refusals.toSorted((a, b) => rank(a) - rank(b));
  const lines = sorted.map(
    ({ ref, object, error }) =>
      `${ref.name} (${object === undefined ? '' : `${object.type} `}${ref.oid.slice(0, 12)}) ${error.message}`,
  );
  const more = lines.length > SHOWN ? `; and ${lines.length - SHOWN} more` : '';
  return new GapferryError({
    code: sorted[0]?.error.code ?? 'SIGNATURE_INVALID',
    message: printable(`${lines.slice(0, SHOWN).join('; ')}${more}`),
    data: { refs: sorted.slice(0, 1000).map(({ ref }) => ref.name) },
  });
}
