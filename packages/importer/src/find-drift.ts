import {
  type ItemLoads,
  importLoads,
  type LookUpOwner,
  type Ownership,
  placeOf,
  type TargetRule,
  type VerifiedRelease,
  wantedState,
} from '@gapferry/bundle';
import {
  type BlobReader,
  GapferryError,
  hasAddresses,
  hasPreflight,
  inLanes,
  isGapferryError,
  type Ledger,
  type NameState,
  type Presence,
  type Run,
  type Target,
} from '@gapferry/core';
import { ownersIn } from './owners.ts';
import { readFileLists } from './read-file-lists.ts';
import { readReached } from './read-reached.ts';
import { readRefLists } from './read-ref-lists.ts';
import { requireTarget } from './require-target.ts';
import { targetFailure } from './target-failure.ts';

export interface FindDrift {
  /** Those of which something should stand at the targets, the one that counts first: what a later one names as well is not asked twice. */
  readonly releases: readonly JudgedRelease[];
  readonly rules: readonly TargetRule[];
  /** By name; one for each of `rules`. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly ledger: Ledger;
  /** Items asked about at a time at each target; 8. */
  readonly concurrency?: number;
}

export interface JudgedRelease {
  readonly release: VerifiedRelease;
  readonly medium: BlobReader;
  /** All of its names were set: one that the ledger does not know where the site file sends it now stands somewhere else. */
  readonly isLoaded?: boolean;
}

/** Something that does not stand at a target as the ledger says the channel left it. `gone`: the name, or what it stands in, is not there. `moved`: it stands for something else. `content`: the name stands, what it needs does not. */
export interface Drift {
  readonly kind: 'gone' | 'moved' | 'content';
  readonly target: string;
  readonly item: string;
  /** `placeOf` of the name. */
  readonly place: string;
  readonly address?: string;
  /** What the channel left there and what stands there now; of repositories and directories only what differs, `was` alone for what is not there. */
  readonly was?: NameState;
  readonly is?: NameState;
}

/** What was asked of one target. */
export interface TargetLook {
  readonly target: string;
  /** Names that stand as the ledger says, that do not, and that nobody could be asked about. */
  readonly same: number;
  readonly drift: readonly Drift[];
  readonly unasked: number;
  /** Why not; the first that was said. */
  readonly error?: GapferryError;
}

/** After so many answers that are none a target is left alone. */
const PATIENCE = 3;

/** Asks each target what the names stand for that the channel of the releases left there, as its ledger tells, and whether their content is there: two requests for an item. What another channel has taken over, and what no import
 *  said it had set, is not asked about. A target that cannot be asked keeps no other from it. Changes nothing. Throws what reading a list throws, and `INTERRUPTED`. */
export async function findDrift(input: FindDrift, run: Run): Promise<readonly TargetLook[]> {
  const ownerOf = ownersIn(input.ledger);
  const expected = await expectedOf(input, ownerOf, run);
  const groups = [...Map.groupBy(expected, ({ loads }) => loads.target)];
  run.emit({ kind: 'stage', stage: 'survey', items: expected.length });
  return await inLanes(
    groups,
    groups.length,
    async ([name, own], inner) => {
      const known = own.filter(isKnown);
      const look = await lookAt(requireTarget(input.targets, name), known, input.concurrency ?? 8, inner);
      return withElsewhere(look, own);
    },
    run,
  );
}

interface Expected {
  readonly loads: ItemLoads;
  /** Absent where the ledger does not know the name at this target. */
  readonly owner?: Ownership;
}

type Known = Expected & { readonly owner: Ownership };

function isKnown(expected: Expected): expected is Known {
  return expected.owner !== undefined;
}

/** Names that were loaded, but not to where the site file sends them now, are not asked about: nobody knows how they stand. */
function withElsewhere(look: TargetLook, expected: readonly Expected[]): TargetLook {
  const elsewhere = expected.filter((one) => !isKnown(one));
  const [first] = elsewhere;
  if (first === undefined) return look;
  const more = elsewhere.length > 1 ? ` and ${elsewhere.length - 1} more` : '';
  const error = new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${first.loads.name.item}${more} did not go to target ${look.target}, as the ledger tells: site.yaml has sent it elsewhere when it was loaded`,
    hint: 'put site.yaml back as it was, or import the release again to where it says now',
    origin: 'site',
  });
  return { ...look, unasked: look.unasked + elsewhere.length, error: look.error ?? error };
}

async function expectedOf(input: FindDrift, ownerOf: LookUpOwner, run: Run): Promise<Expected[]> {
  const expected = new Map<string, Expected>();
  for (const { release, medium, isLoaded = false } of input.releases) {
    const { channel } = release.opened.release;
    for (const loads of await loadsOf(release, medium, input.rules, run)) {
      const place = placeOf(loads.name);
      const owner = ownerOf(loads.target, place);
      const key = `${loads.target}\n${place}`;
      if (expected.has(key)) continue;
      const hasLeft = owner !== undefined && Object.keys(owner.left).length > 0;
      if (hasLeft && owner.channel === channel) expected.set(key, { loads, owner });
      if (!hasLeft && isLoaded) expected.set(key, { loads });
    }
  }
  return [...expected.values()];
}

async function loadsOf(
  release: VerifiedRelease,
  medium: BlobReader,
  rules: readonly TargetRule[],
  run: Run,
): Promise<readonly ItemLoads[]> {
  const refs = await readRefLists(release, medium, run);
  const reached = await readReached(release, medium, run);
  const files = await readFileLists(release, medium, run);
  return importLoads(release, rules, refs, reached, files);
}

async function lookAt(
  target: Target,
  expected: readonly Known[],
  concurrency: number,
  run: Run,
): Promise<TargetLook> {
  const drift: Drift[] = [];
  const failures: GapferryError[] = [];
  let asked = 0;
  const act = async (one: Known, inner: Run): Promise<void> => {
    if (failures.length >= PATIENCE) return;
    try {
      drift.push(...(await judge(target, one, inner)));
      asked += 1;
    } catch (error) {
      failures.push(targetFailure(target.name, error, run).error);
    }
  };
  const closed = await preflight(target, expected, run);
  if (closed === undefined) await inLanes(expected, concurrency, act, run);
  const [error = closed] = failures;
  return {
    target: target.name,
    same: asked - new Set(drift.map(({ place }) => place)).size,
    drift: drift.sort(byPlace),
    unasked: expected.length - asked,
    ...(error !== undefined && { error }),
  };
}

/** Some targets look around once before they can answer. What stands in the way of loading is not asked about here. */
async function preflight(
  target: Target,
  expected: readonly Expected[],
  run: Run,
): Promise<GapferryError | undefined> {
  if (!hasPreflight(target)) return undefined;
  try {
    const loads = expected.flatMap(({ loads: { content, name } }) =>
      content === undefined ? [name] : [content, name],
    );
    await target.preflight(loads, run);
    return undefined;
  } catch (error) {
    const failure = targetFailure(target.name, error, run).error;
    return isGapferryError(failure, 'TARGET_CONFLICT') || isGapferryError(failure, 'NAME_UNSAFE')
      ? undefined
      : failure;
  }
}

async function judge(target: Target, { loads, owner }: Known, run: Run): Promise<Drift[]> {
  const { content, name } = loads;
  const [said, held] = await Promise.all([
    target.inspect(name, run),
    content === undefined ? undefined : target.inspect(content, run),
  ]);
  run.emit({ kind: 'item-done', item: name.item, outcome: 'same' });
  const base = {
    target: target.name,
    item: name.item,
    place: placeOf(name),
    ...(hasAddresses(target) && { address: target.addressOf(name) }),
  };
  const named = judgeName(said, wantedState(name), owner);
  if (named !== undefined) return [{ ...base, ...named }];
  return held === undefined || held.state === 'same' ? [] : [{ ...base, kind: 'content' }];
}

/** Of a repository and a directory only what the release names is judged: the target tells no more. */
function judgeName(
  said: Presence,
  wanted: NameState,
  { left, intended = [] }: Ownership,
): Pick<Drift, 'kind' | 'was' | 'is'> | undefined {
  const mine = Object.keys(wanted).filter((key) => left[key] !== undefined);
  if (said.state === 'absent') return { kind: 'gone', was: pickFrom(left, mine) };
  const there = said.state === 'same' ? wanted : said.there;
  const differs = mine.filter(
    (key) => there[key] !== left[key] && !intended.some((state) => state[key] === there[key]),
  );
  if (differs.length === 0) return undefined;
  return { kind: 'moved', was: pickFrom(left, differs), is: pickFrom(there, differs) };
}

function pickFrom(state: NameState, keys: readonly string[]): NameState {
  return Object.fromEntries(keys.flatMap((key) => (state[key] === undefined ? [] : [[key, state[key]]])));
}

function byPlace(one: Drift, other: Drift): number {
  if (one.place === other.place) return 0;
  return one.place < other.place ? -1 : 1;
}
