import { derivedWish, waiverOf } from '@gapferry/bundle';
import {
  type ChartPin,
  checkRun,
  type Digest,
  type ImagePin,
  type Pin,
  type Run,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { coveringPins } from './covering-pins.ts';
import { DerivedRepositories, repositoryKey } from './derived-repositories.ts';
import { FOLLOW_LIMITS, tooMuchToFollow } from './follow-limits.ts';
import { type FollowRequest, joinRounds } from './follow-request.ts';
import { FollowedArtifacts } from './followed-artifacts.ts';
import { FollowedCharts } from './followed-charts.ts';
import { FollowedRepositories } from './followed-repositories.ts';
import { FollowedSubmodules } from './followed-submodules.ts';
import {
  type AskedTarget,
  type BundlePins,
  calledAs,
  failedVerdict,
  judgeReference,
  type Verdict,
  waivedVerdict,
  wantedVerdict,
} from './judge-reference.ts';
import type { LookedInto } from './look-into-charts.ts';
import type { FoundInGit } from './look-into-git.ts';
import { nearbyHosts } from './nearby-host.ts';
import { changedVerdict, nameOf, type Pointer, type Reached } from './pointer.ts';
import type { GitTarget } from './reference-target.ts';
import { requireWithoutSecrets } from './require-without-secrets.ts';
import { resolveWish } from './resolve-bundle.ts';

/** What following the references of the bundle's repositories came to. */
export interface Followed {
  /** In the order in which they were found. */
  readonly verdicts: ReadonlyMap<Pointer, Verdict>;
  /** By kind and id: what the bundle wants, and everything that references became. */
  readonly pins: ReadonlyMap<string, Pin>;
  /** Everything that was looked into, the bundle's own first. */
  readonly looked: readonly LookedInto[];
  /** The same for what it pointed to and what of it was not followed. */
  readonly found: readonly FoundInGit[];
}

/** Makes items of what the bundle's repositories point to: asks upstream for it, looks into what comes, and goes on with what that points to, each once, until nothing new is found.
 *  What cannot be had is a verdict, nothing is thrown for it. Throws `LIMIT_EXCEEDED` where there is no end of it, and `INTERRUPTED`. */
export async function followReferences(request: FollowRequest, run: Run): Promise<Followed> {
  const following = new Following(request);
  for (let round = 0; following.isWaiting(); round += 1) {
    if (round === FOLLOW_LIMITS.rounds)
      throw tooMuchToFollow(`repositories point to repositories more than ${FOLLOW_LIMITS.rounds} times`);
    await following.follow(run);
    checkRun(run);
  }
  return following.result();
}

/** The worklist. */
class Following {
  readonly #request: FollowRequest;
  readonly #bundle: BundlePins;
  readonly #wanted: ReadonlyMap<string, Pin>;
  readonly #pins: Map<string, Pin>;
  readonly #verdicts = new Map<Pointer, Verdict>();
  readonly #found: FoundInGit[] = [];
  readonly #looked: LookedInto[];
  readonly #asked = new Map<Digest, Promise<Answer>>();
  readonly #derived: DerivedRepositories;
  readonly #charts: FollowedCharts;
  readonly #repositories: FollowedRepositories;
  readonly #artifacts: FollowedArtifacts;
  readonly #submodules: FollowedSubmodules;
  #waiting: Pointer[] = [];

  constructor(request: FollowRequest) {
    const { pins, looked, found, sources, discovery } = request;
    this.#request = request;
    const nearby = nearbyHosts(request.config);
    this.#bundle = { config: request.config, pins, covering: coveringPins(pins), nearby };
    this.#wanted = new Map(pins.map((pin) => [nameOf(pin), pin]));
    this.#pins = new Map(this.#wanted);
    this.#looked = [...looked];
    this.#derived = new DerivedRepositories(sources, discovery.normalizeGitUrl);
    this.#charts = new FollowedCharts(request);
    this.#repositories = new FollowedRepositories(request);
    this.#artifacts = new FollowedArtifacts(request);
    this.#submodules = new FollowedSubmodules(request);
    for (const one of found) this.#add(one);
  }

  isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** One round: everything that waits. */
  async follow(run: Run): Promise<void> {
    const fresh = this.#waiting;
    this.#waiting = [];
    const judged = fresh.map((pointer) => ({ pointer, ...this.#judge(pointer) }));
    const asking = judged.flatMap(({ pointer, target, wanted }) =>
      target === undefined || wanted !== undefined ? [] : [{ pointer, target }],
    );
    this.#requireRoom(asking);
    const own = judged.flatMap(({ pointer, target, wanted }) =>
      target === undefined || wanted === undefined ? [] : [{ pointer, target, pin: wanted, isWanted: true }],
    );
    const reached = [...own, ...(await this.#ask(asking, run))];
    checkRun(run);
    await this.#lookInto(reached, run);
  }

  result(): Followed {
    return { verdicts: this.#verdicts, pins: this.#pins, looked: this.#looked, found: this.#found };
  }

  #add(found: FoundInGit): void {
    this.#found.push(found);
    for (const reference of found.references) this.#waiting.push({ item: nameOf(found.pin), reference });
  }

  #judge(pointer: Pointer): ReturnType<typeof judgeReference> {
    const { discovery } = this.#request;
    const judged = judgeReference(pointer.reference, this.#bundle, discovery.normalizeGitUrl);
    // In the order in which they were found, whatever is answered first.
    this.#verdicts.set(pointer, judged.verdict ?? { outcome: 'listed' });
    return judged;
  }

  #requireRoom(asking: readonly Asked[]): void {
    const names = new Set(asking.map(({ target }) => askedName(target)));
    const items = this.#pins.size - this.#wanted.size + names.size;
    if (items > FOLLOW_LIMITS.items)
      throw tooMuchToFollow(
        `repositories point to more than ${FOLLOW_LIMITS.items} charts, repositories and artifacts`,
      );
  }

  /** What upstream has of it. The rest gets its verdict. */
  async #ask(asking: readonly Asked[], run: Run): Promise<Reached[]> {
    if (asking.length === 0) return [];
    run.emit({ kind: 'stage', stage: 'discover', items: asking.length });
    const limit = pLimit(this.#request.concurrency ?? 8);
    const repositories = asking.filter(isRepository);
    const groups = [...Map.groupBy(repositories, ({ target }) => repositoryKey(target)).values()];
    const [items, answers] = await Promise.all([
      Promise.all(asking.map((one) => (isRepository(one) ? undefined : limit(() => this.#askFor(one, run))))),
      Promise.all(
        groups.map((group) =>
          limit(() =>
            this.#derived.want(
              group.map(({ target }) => target),
              run,
            ),
          ),
        ),
      ),
    ]);
    const repositoryAnswers = new Map(answers.flatMap((answer) => [...answer]));
    return asking.flatMap((asked, i) =>
      this.#take(asked, isRepository(asked) ? repositoryAnswers.get(asked.target) : items[i]),
    );
  }

  /** Each wish once, whatever points to it. */
  #askFor({ target }: Asked, run: Run): Promise<Answer> {
    if (target.kind === 'git') return Promise.resolve({ error: undefined });
    const digest = wishDigest(target.wish);
    const known = this.#asked.get(digest) ?? this.#resolve(target, run);
    this.#asked.set(digest, known);
    return known;
  }

  async #resolve({ wish }: Exclude<AskedTarget, GitTarget>, run: Run): Promise<Answer> {
    try {
      const [found] = await resolveWish(wish, this.#request.sources, run);
      const pin = found as ChartPin | ImagePin;
      requireWithoutSecrets([pin]);
      // As it can be made again from the pin: a range is not known to a lock.
      return { pin: { ...pin, wish: wishDigest(derivedWish(pin, this.#request.config)) } };
    } catch (error) {
      return { error };
    }
  }

  #take({ pointer, target }: Asked, answer: Answer | undefined): Reached[] {
    const { config } = this.#request;
    if (answer === undefined || 'error' in answer) {
      this.#verdicts.set(pointer, failedVerdict(pointer.reference, calledAs(target), answer?.error, config));
      return [];
    }
    const name = nameOf(answer.pin);
    const wanted = this.#wanted.get(name);
    const pin = wanted ?? answer.pin;
    const waiver = waiverOf(target.kind, pin.id, config.waivers ?? []);
    if (wanted === undefined && waiver !== undefined) {
      this.#verdicts.set(pointer, waivedVerdict({ kind: target.kind, name: pin.id }, waiver));
      return [];
    }
    this.#pins.set(name, pin);
    this.#verdicts.set(
      pointer,
      wanted === undefined ? { outcome: 'included', became: name } : wantedVerdict(pin),
    );
    return [{ pointer, target, pin, isWanted: wanted !== undefined }];
  }

  async #lookInto(reached: readonly Reached[], run: Run): Promise<void> {
    const charts = await this.#charts.lookInto(reached, run);
    const repositories = await this.#repositories.lookInto(reached, run);
    const artifacts = await this.#artifacts.lookInto(reached, run);
    const submodules = await this.#submodules.lookInto(reached, run);
    const rounds = joinRounds([charts, repositories, artifacts, submodules]);
    this.#looked.push(...rounds.looked);
    for (const [pointer, change] of rounds.changes) {
      const before = this.#verdicts.get(pointer);
      if (before !== undefined) this.#verdicts.set(pointer, changedVerdict(before, change));
    }
    for (const found of rounds.found) this.#add(found);
  }
}

interface Asked {
  readonly pointer: Pointer;
  readonly target: AskedTarget;
}

type Answer = { readonly pin: Pin } | { readonly error: unknown };

function isRepository(asked: Asked): asked is Asked & { readonly target: GitTarget } {
  return asked.target.kind === 'git';
}

function askedName(target: AskedTarget): string {
  return target.kind === 'git' ? `git ${repositoryKey(target)}` : `${target.kind} ${wishDigest(target.wish)}`;
}
