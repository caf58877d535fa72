import {
  checkRun,
  GapferryError,
  type GitPin,
  isInterruption,
  type Run,
  type Submodules,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { cappedFindings } from './capped-findings.ts';
import { requireRoomToLook } from './follow-limits.ts';
import { type FollowedRound, type FollowRequest, joinRounds } from './follow-request.ts';
import { failedVerdict, LEAVE_OUT, revisionNotWanted } from './judge-reference.ts';
import { type Change, nameOf, type Reached } from './pointer.ts';
import { type GitTarget, isSubmoduleTarget } from './reference-target.ts';

type ReachedSubmodule = Reached<GitTarget> & { readonly pin: GitPin };

/** Repositories that may have to be brought at once. */
const AT_ONCE = 4;

/** Commits of one repository. */
interface Visited {
  readonly seen: ReadonlySet<string>;
  readonly unreached: ReadonlySet<string>;
}

const NOTHING: Visited = { seen: new Set(), unreached: new Set() };
const NONE: Submodules = { references: [], problems: [], unreached: [] };

/** Repositories of which other repositories have a commit checked out, looked into at those commits alone for what these have checked out in turn. */
export class FollowedSubmodules {
  readonly #request: FollowRequest;
  /** Of the bundle, by the digest of their wish: those of which it says `submodules: none`. */
  readonly #closed: ReadonlySet<string>;
  /** By how sure it is that they are needed, and the repository. */
  readonly #visited = new Map<string, Visited>();

  constructor(request: FollowRequest) {
    this.#request = request;
    this.#closed = new Set(
      request.config.wishes
        .filter((wish) => wish.kind === 'git' && wish.submodules === 'none')
        .map((wish) => wishDigest(wish)),
    );
  }

  /** Looks at the commits that nobody looked at before, each once, and proves that the pinned refs reach every one. */
  async lookInto(reached: readonly Reached[], run: Run): Promise<FollowedRound> {
    const groups = Map.groupBy(
      reached.filter(isReachedSubmodule),
      ({ pin, pointer }) => `${pointer.reference.confidence} ${nameOf(pin)}`,
    );
    const limit = pLimit(AT_ONCE);
    const rounds = await Promise.all(
      [...groups].map(([key, group]) => limit(() => this.#lookAt(key, group, run))),
    );
    checkRun(run);
    requireRoomToLook([...this.#visited.values()].reduce((sum, { seen }) => sum + seen.size, 0));
    return joinRounds(rounds);
  }

  async #lookAt(key: string, group: readonly ReachedSubmodule[], run: Run): Promise<FollowedRound> {
    const [{ pin, pointer }] = group as readonly [ReachedSubmodule];
    const { seen, unreached } = this.#visited.get(key) ?? NOTHING;
    const fresh = [...new Set(group.map(commitOf)).difference(seen)];
    let found = NONE;
    try {
      checkRun(run);
      if (fresh.length > 0) found = await this.#request.discovery.submodules.readSubmodules(pin, run, fresh);
    } catch (error) {
      if (isInterruption(error)) throw error;
      return { looked: [], found: [], changes: group.map((one) => [one.pointer, this.#failure(one, error)]) };
    }
    const visited = {
      seen: seen.union(new Set(fresh)),
      unreached: unreached.union(new Set(found.unreached)),
    };
    this.#visited.set(key, visited);
    const { references, problems } = found;
    const lost = group.filter((one) => visited.unreached.has(commitOf(one)));
    return {
      looked: [],
      found: this.#closed.has(pin.wish)
        ? []
        : [{ pin, references: cappedFindings(references, pointer.reference.confidence), problems }],
      changes: lost.map((one) => [one.pointer, this.#failure(one, notReached(one))]),
    };
  }

  #failure({ pointer, pin }: ReachedSubmodule, error: unknown): Change {
    return failedVerdict(pointer.reference, { kind: 'git', name: pin.id }, error, this.#request.config);
  }
}

function isReachedSubmodule(reached: Reached): reached is ReachedSubmodule {
  const { target, pin } = reached;
  return target.kind === 'git' && pin.kind === 'git' && isSubmoduleTarget(target);
}

function commitOf({ target }: ReachedSubmodule): string {
  return target.revision?.text ?? '';
}

function notReached(one: ReachedSubmodule): GapferryError {
  const error = new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    origin: 'source',
    message: `no branch or tag of ${one.pin.url} leads to the commit ${commitOf(one)}`,
    hint: `have one lead there upstream, ${LEAVE_OUT}`,
  });
  return one.isWanted ? revisionNotWanted(one.target, error) : error;
}
