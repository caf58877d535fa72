import {
  type BundleConfig,
  type NormalizeGitUrl,
  type WaivableKind,
  type Waiver,
  waiverOf,
} from '@gapferry/bundle';
import {
  type Confidence,
  GapferryError,
  type GitFinding,
  type GitPin,
  gitIdentity,
  type ImagePin,
  isGapferryError,
  type Pin,
  type ReferenceFinding,
  type SubmoduleFinding,
} from '@gapferry/core';
import { isSubmodule, oneLineWithoutSecrets, reasonOf } from './naming.ts';
import { isForeignNearby } from './nearby-host.ts';
import { pinnedRevision } from './pinned-revision.ts';
import {
  type GitTarget,
  isSameAddress,
  type ReferenceTarget,
  referenceTarget,
  submoduleTarget,
} from './reference-target.ts';

/** What a reference asks for when there is something to ask upstream for. */
export type AskedTarget = Exclude<ReferenceTarget, { kind: 'none' }>;

/** What becomes of a reference. */
export interface Verdict {
  /** `image`: what becomes of the image that it names. */
  readonly outcome: 'included' | 'wanted' | 'here' | 'image' | 'waived' | 'listed' | 'failed';
  /** Why it is waived, listed or failed. */
  readonly reason?: string;
  /** Kind and id of the item that it is. */
  readonly became?: string;
  /** What of it nobody knows or looks at. */
  readonly open?: readonly string[];
  /** What it is called where it is no item. */
  readonly called?: { readonly kind: WaivableKind; readonly name: string };
  readonly waiver?: Waiver;
  readonly error?: unknown;
}

/** Either what becomes of it, or what is to be asked for; or both: an item of the bundle is still to be looked into. */
export interface Judgement {
  readonly verdict?: Verdict;
  readonly target?: AskedTarget;
  readonly wanted?: Pin;
}

/** What bundle.yaml itself wants, as pins. */
export interface BundlePins {
  readonly config: BundleConfig;
  readonly pins: readonly Pin[];
  /** `coveringPins` of them. */
  readonly covering: ReadonlyMap<string, ImagePin>;
  /** `nearbyHosts` of the bundle. */
  readonly nearby: ReadonlySet<string>;
}

/** What can be said of a reference without asking anybody. What the bundle wants goes before what it waives, and that before what is not sure. */
export function judgeReference(
  reference: ReferenceFinding,
  bundle: BundlePins,
  normalize: NormalizeGitUrl,
): Judgement {
  const { config } = bundle;
  if (isSubmodule(reference)) return judgeSubmodule(reference, bundle);
  let target: ReferenceTarget;
  try {
    target = referenceTarget(reference, config, normalize);
  } catch (error) {
    if (!isGapferryError(error, 'REFERENCE_INVALID')) throw error;
    return { verdict: failedVerdict(reference, calledAsWritten(reference), error, config) };
  }
  if (target.kind === 'none') return { verdict: verdictWithout(target.because, reference, config) };
  if (target.kind === 'git') return judgeRepository(reference, target, bundle);
  const wanted = wantedPin(target, bundle);
  if (wanted !== undefined) return wantedJudgement(reference, target, wanted);
  const verdict = verdictUnasked(reference, target, bundle);
  return verdict === undefined ? { target } : { verdict };
}

/** A submodule is needed as surely as the commit that has it: what is not asked for cannot be had. */
function judgeSubmodule(
  reference: GitFinding & { readonly submodule: SubmoduleFinding },
  bundle: BundlePins,
): Judgement {
  const { config } = bundle;
  const fail = (called: NonNullable<Verdict['called']>, why: string): Judgement => ({
    verdict: failedVerdict(reference, called, notAskedFor(reference.url, why), config),
  });
  const { refused } = reference.submodule;
  if (refused !== undefined) return fail(calledAsWritten(reference), refused);
  const target = submoduleTarget(reference);
  const namesake = bundle.pins.find(({ kind, id }) => kind === 'git' && id === target.name);
  if (namesake?.kind === 'git' && !isSameRepository(namesake, target))
    return fail(
      calledAs(target),
      `bundle.yaml has another repository of that name, ${namesake.url}; give that one another with "as"`,
    );
  const judged = judgeRepository(reference, target, bundle);
  const { verdict } = judged;
  return verdict?.outcome === 'listed' ? fail(calledAs(target), verdict.reason ?? '') : judged;
}

function notAskedFor(url: string, why: string): GapferryError {
  return new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    origin: 'source',
    message: `the submodule ${oneLineWithoutSecrets(url)} is not asked for: ${oneLineWithoutSecrets(why)}`,
    hint: `mend .gitmodules upstream, ${LEAVE_OUT}`,
  });
}

/** What can be said in bundle.yaml. */
export const LEAVE_OUT: string =
  'say "submodules: none" on the line of the repository, or, if this one alone is not needed, say so and why under "waivers"';

/** What only perhaps is installed is not looked into. */
function wantedJudgement({ confidence }: ReferenceFinding, target: AskedTarget, wanted: Pin): Judgement {
  const verdict = wantedVerdict(wanted);
  return confidence === 'possible' ? { verdict } : { verdict, target, wanted };
}

export function wantedVerdict({ kind, id }: Pin): Verdict {
  return { outcome: 'wanted', became: `${kind} ${id}` };
}

function verdictWithout(
  because: 'here' | 'image' | 'file',
  reference: ReferenceFinding,
  { wishes }: BundleConfig,
): Verdict {
  if (because !== 'file') return { outcome: because };
  const wish = wishes.find(
    (one) => one.kind === 'file' && reference.kind === 'file' && 'url' in one && one.url === reference.url,
  );
  if (wish?.kind === 'file') return { outcome: 'wanted', became: `file ${wish.as}` };
  return { outcome: 'listed', reason: 'a file needs its sha256: add it to "files" in bundle.yaml' };
}

/** By the very name; what a range means is known only when upstream was asked. */
function wantedPin(target: Exclude<AskedTarget, GitTarget>, { pins, covering }: BundlePins): Pin | undefined {
  if (target.kind === 'image') return target.wish.tags === undefined ? covering.get(target.name) : undefined;
  const { wish, name } = target;
  if (wish.from === 'local') return undefined;
  return pins.find(({ kind, id }) => kind === 'chart' && id === `${name}:${wish.version}`);
}

/** Waived, not sure, or not to be asked for. */
function verdictUnasked(
  { confidence, open = [] }: ReferenceFinding,
  target: AskedTarget,
  { config: { waivers = [] }, nearby }: BundlePins,
): Verdict | undefined {
  const called = calledAs(target);
  const waiver = waiverOf(called.kind, called.name, waivers);
  if (waiver !== undefined) return waivedVerdict(called, waiver);
  if (confidence === 'possible')
    return {
      outcome: 'listed',
      reason: open.map(oneLineWithoutSecrets).join('; ') || 'it is not sure that it is needed',
    };
  if (target.kind !== 'image' && target.refused !== undefined)
    return { outcome: 'listed', reason: target.refused };
  if (isForeignNearby(target.name.slice(0, target.name.indexOf('/')), nearby))
    return { outcome: 'listed', reason: NEARBY };
  return undefined;
}

const NEARBY =
  'its address is one of this machine or its own link; if it is meant, name the host in bundle.yaml';

export function waivedVerdict(called: NonNullable<Verdict['called']>, waiver: Waiver): Verdict {
  return { outcome: 'waived', reason: waiver.reason, called, waiver };
}

/** With the version where it is one and no range. */
export function calledAs(target: AskedTarget): NonNullable<Verdict['called']> {
  const { kind, name } = target;
  if (
    target.kind !== 'chart' ||
    target.wish.from === 'local' ||
    !/^v?\d+\.\d+\.\d+[-+.\w]*$/.test(target.wish.version)
  )
    return { kind, name };
  return { kind, name: `${name}:${target.wish.version}` };
}

function calledAsWritten(reference: ReferenceFinding): NonNullable<Verdict['called']> {
  const called = (kind: WaivableKind, text: string): NonNullable<Verdict['called']> => ({
    kind,
    // As a waiver can name it.
    name: oneLineWithoutSecrets(text).replace(/^[a-z][a-z0-9+.-]*:\/\//i, '') || '""',
  });
  switch (reference.kind) {
    case 'chart': {
      const { source } = reference;
      if (source.from === 'git') return called('git', source.url);
      if (source.from === 'repository') return called('chart', `${source.url}/${source.name}`);
      return called('chart', source.from === 'oci' ? withoutUser(source.ref) : source.path);
    }
    case 'git':
      return called('git', reference.url);
    case 'oci-artifact':
      return called('image', withoutUser(reference.ref));
    case 'image':
      return called('image', reference.reference);
    case 'file':
      return called('image', reference.url);
  }
}

/** References of registries know no user. A name alone may be a token. */
function withoutUser(ref: string): string {
  return ref.replace(/^[^/\s]*@(?=[^/\s]*\/)/, '***@');
}

/** The bundle's own repository, if it has the revision; or what becomes of one that it does not have. */
function judgeRepository(reference: ReferenceFinding, target: GitTarget, bundle: BundlePins): Judgement {
  const own = bundle.pins.filter((pin) => pin.kind === 'git').filter((pin) => isSameRepository(pin, target));
  const wanted = own.find((pin) => pinnedRevision(pin, target.revision) !== 'missing');
  if (wanted !== undefined) return wantedJudgement(reference, target, wanted);
  const verdict = verdictUnasked(reference, target, bundle);
  const [pin] = own;
  if (pin === undefined) return verdict === undefined ? { target } : { verdict };
  if (verdict?.outcome === 'waived' || (verdict !== undefined && reference.confidence === 'possible'))
    return { verdict };
  const called = { kind: 'git', name: pin.id } as const;
  return { verdict: failedVerdict(reference, called, revisionNotWanted(target), bundle.config) };
}

function isSameRepository(pin: GitPin, { url, name }: GitTarget): boolean {
  if (url.startsWith('file:') || pin.url.startsWith('file:')) return isSameAddress(pin.url, url);
  return gitIdentity(pin.url).toLowerCase() === name.toLowerCase();
}

/** A repository of bundle.yaml is carried with what its line says. */
export function revisionNotWanted({ revision }: GitTarget, cause?: unknown): GapferryError {
  const shown =
    revision === undefined
      ? 'its default branch'
      : `the ${revision.as === 'name' ? 'revision' : revision.as} ${oneLineWithoutSecrets(revision.text)}`;
  return new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `bundle.yaml wants the repository without ${shown}`,
    hint: 'add what reaches it to "refs" of its line in bundle.yaml, or, if it is not needed, say so and why under "waivers"',
    origin: 'source',
    ...(cause !== undefined && { cause }),
  });
}

/** What cannot be had: waived; listed where it is not sure that it is needed and upstream's word is final; a failure otherwise. */
export function failedVerdict(
  { confidence }: { readonly confidence: Confidence },
  called: NonNullable<Verdict['called']>,
  error: unknown,
  { waivers = [] }: BundleConfig,
): Verdict {
  const waiver = waiverOf(called.kind, called.name, waivers);
  if (waiver !== undefined) return waivedVerdict(called, waiver);
  const reason = reasonOf(error);
  if (confidence !== 'certain' && isFinal(error)) return { outcome: 'listed', reason };
  return { outcome: 'failed', reason, called, error };
}

/** Hosts refuse to say of what they do not show that it is not there. That one could not be asked proves nothing. */
function isFinal(error: unknown): boolean {
  return (
    isGapferryError(error) &&
    [
      'SOURCE_NOT_FOUND',
      'UNAUTHORIZED',
      'FORBIDDEN',
      'REFERENCE_INVALID',
      'RELEASE_INCOMPLETE',
      'USAGE',
    ].includes(error.code)
  );
}
