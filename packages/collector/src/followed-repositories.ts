import {
  type Confidence,
  canonicalJson,
  checkRun,
  type GitPin,
  isGapferryError,
  type ReferenceFinding,
  type Run,
  type TreeEntry,
  wishDigest,
} from '@gapferry/core';
import { cappedFindings } from './capped-findings.ts';
import { isContentFault } from './content-fault.ts';
import { requireRoomToLook } from './follow-limits.ts';
import { type FollowedRound, type FollowRequest, joinRounds } from './follow-request.ts';
import { revisionNotWanted } from './judge-reference.ts';
import { lookFailure } from './look-failure.ts';
import { lookFromEntries } from './look-from-entries.ts';
import { isSubmodule } from './naming.ts';
import { pinnedRevision } from './pinned-revision.ts';
import { type Change, nameOf, type Reached } from './pointer.ts';
import { type GitTarget, isSubmoduleTarget } from './reference-target.ts';

type ReachedRepository = Reached<GitTarget> & { readonly pin: GitPin };

/** What is known of one repository from earlier rounds. */
interface Visited {
  readonly pin: GitPin;
  readonly reached: readonly ReachedRepository[];
  readonly entries: ReadonlySet<string>;
}

/** Repositories that references point into, looked into from there alone: what else lies in them is nobody's business. */
export class FollowedRepositories {
  readonly #request: FollowRequest;
  /** Of the bundle, by the digest of their wish: those that are looked into as a whole. */
  readonly #whole: ReadonlySet<string>;
  readonly #visited = new Map<string, Visited>();

  constructor(request: FollowRequest) {
    this.#request = request;
    this.#whole = new Set(
      request.config.wishes
        .filter((wish) => wish.kind === 'git' && wish.images === 'discover')
        .map((wish) => wishDigest(wish)),
    );
  }

  /** Looks at what nobody looked at before; at all of it again where upstream moved between two rounds. One repository after the other: each is held in memory. */
  async lookInto(reached: readonly Reached[], run: Run): Promise<FollowedRound> {
    const groups = Map.groupBy(reached.filter(isRepository), ({ pin }) => nameOf(pin));
    const rounds: FollowedRound[] = [];
    for (const [name, group] of groups) {
      checkRun(run);
      const { pin, todo } = this.#visit(name, group);
      const open = group
        .filter((one) => this.#isClosed(one) && deploysSomething(one))
        .map(({ pointer }) => [pointer, NOT_LOOKED_INTO] as const);
      rounds.push({ looked: [], found: [], changes: open });
      for (const confidence of ['certain', 'likely'] as const) {
        const own = todo.filter(({ pointer }) => pointer.reference.confidence === confidence);
        if (own.length > 0) rounds.push(await this.#lookFrom(pin, own, confidence, run));
      }
    }
    return joinRounds(rounds);
  }

  #visit(name: string, group: readonly ReachedRepository[]): { pin: GitPin; todo: ReachedRepository[] } {
    const before = this.#visited.get(name);
    const pin = group.at(-1)?.pin as GitPin;
    const moved = before !== undefined && hasMoved(before.pin, pin);
    const all = [...(before?.reached ?? []), ...group];
    const seen = moved ? new Set<string>() : before?.entries;
    const todo = (moved ? all : group).filter(
      (one) => this.#needsLook(one) && seen?.has(entryKey(one)) !== true,
    );
    const entries = new Set([...(seen ?? []), ...todo.map(entryKey)]);
    this.#visited.set(name, { pin, reached: all, entries });
    requireRoomToLook([...this.#visited.values()].reduce((sum, one) => sum + one.entries.size, 0));
    return { pin, todo };
  }

  /** What the bundle has looked into as a whole shows nothing new from a directory of a pinned ref, unless its images are changed from there. Where it wants nothing looked into, only a commit must be proved. */
  #needsLook({ pin, target, isWanted }: ReachedRepository): boolean {
    if (!isWanted) return true;
    const isPinned = pinnedRevision(pin, target.revision) === 'pinned';
    if (!this.#whole.has(pin.wish)) return !isPinned;
    return !isPinned || target.entry.kind === 'chart' || (target.entry.images ?? []).length > 0;
  }

  /** Its line in bundle.yaml may say that its submodules stay out. */
  #isFollowed({ wish }: GitPin): (reference: ReferenceFinding) => boolean {
    const isOut = this.#request.config.wishes.some(
      (one) => one.kind === 'git' && one.submodules === 'none' && wishDigest(one) === wish,
    );
    return (reference) => !isOut || !isSubmodule(reference);
  }

  /** Its line in bundle.yaml does not say that it be looked into. */
  #isClosed({ pin, isWanted }: ReachedRepository): boolean {
    return isWanted && !this.#whole.has(pin.wish);
  }

  async #lookFrom(
    pin: GitPin,
    todo: readonly ReachedRepository[],
    confidence: Confidence,
    run: Run,
  ): Promise<FollowedRound> {
    const looks = await lookFromEntries([...Map.groupBy(todo, entryKey).values()], (entries) =>
      this.#request.discovery.trees.discover(pin, run, entries.map(entryOf)),
    );
    const isClosed = todo.some((one) => this.#isClosed(one));
    const found = looks.flatMap(({ findings }) => (findings === undefined || isClosed ? [] : [findings]));
    return {
      looked: found.map(({ images }) => ({ pin, findings: cappedFindings(images, confidence) })),
      found: found.map(({ references, problems }) => ({
        pin,
        references: cappedFindings(references.filter(this.#isFollowed(pin)), confidence),
        problems,
      })),
      changes: looks.flatMap(({ error, entries }) =>
        error === undefined ? [] : entries.map((one) => [one.pointer, this.#failure(one, error)] as const),
      ),
    };
  }

  #failure(one: ReachedRepository, error: unknown): Change {
    const { pointer, pin, target, isWanted } = one;
    const isMissing = isGapferryError(error, 'SOURCE_NOT_FOUND');
    const isUnproved = isWanted && pinnedRevision(pin, target.revision) === 'unproved';
    const reason = isMissing && isUnproved ? revisionNotWanted(target, error) : error;
    // Of what is not looked into, only that the revision is there had to be proved.
    if (this.#isClosed(one) && isContentFault(error) && !isMissing) return NOT_LOOKED_INTO;
    return lookFailure(pointer.reference, { kind: 'git', name: pin.id }, reason, this.#request.config);
  }
}

const NOT_LOOKED_INTO: Change = {
  open: ['it is not looked into: its line in bundle.yaml does not say "images: discover"'],
};

function isRepository(reached: Reached): reached is ReachedRepository {
  const { target, pin } = reached;
  return target.kind === 'git' && pin.kind === 'git' && !isSubmoduleTarget(target);
}

/** A ref that was pinned before has another id now. */
function hasMoved(before: GitPin, now: GitPin): boolean {
  const ids = new Map(now.refs.map(({ name, oid }) => [name, oid]));
  return before.refs.some(({ name, oid }) => ids.get(name) !== oid);
}

/** What only fetches a repository has nothing looked into. */
function deploysSomething({ target: { entry } }: ReachedRepository): boolean {
  return entry.kind === 'chart' || entry.path !== undefined;
}

/** Whatever way the address is written. */
function entryOf({ pin: { url }, target: { entry } }: ReachedRepository): TreeEntry {
  if (entry.kind === 'git') return { ...entry, url };
  return entry.source.from === 'git' ? { ...entry, source: { ...entry.source, url } } : entry;
}

/** Equal for entries that show the same: wherever they are named. */
function entryKey(one: ReachedRepository): string {
  const { place: _place, open: _open, ...entry }: TreeEntry = entryOf(one);
  return canonicalJson({ ...entry, confidence: one.pointer.reference.confidence });
}
