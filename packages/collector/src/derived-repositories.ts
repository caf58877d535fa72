import { discoveredGitWish, type NormalizeGitUrl, plainGitWish } from '@gapferry/bundle';
import {
  GapferryError,
  type GitPin,
  type GitRevision,
  isGapferryError,
  type Run,
  type Sources,
  wishDigest,
} from '@gapferry/core';
import { oneLineWithoutSecrets } from './naming.ts';
import { pinnedRevision } from './pinned-revision.ts';
import { type GitTarget, isSameAddress } from './reference-target.ts';
import { resolveWish } from './resolve-bundle.ts';

/** Equal for what is one repository. Hosts have no case, and no target could hold two whose names differ in it alone. */
export function repositoryKey({ name }: GitTarget): string {
  return name.toLowerCase();
}

/** What asking for the revision that a reference names came to. */
export type RepositoryAnswer = { readonly pin: GitPin } | { readonly error: unknown };

interface Repository {
  readonly url: string;
  /** All that upstream has of what references name. */
  readonly revisions: ReadonlyArray<GitRevision | undefined>;
  readonly pin?: GitPin;
  readonly refused: ReadonlyMap<string, unknown>;
}

/** Repositories that only content wants, each pinned at all the revisions that references name, however many rounds it took to find them. */
export class DerivedRepositories {
  readonly #sources: Sources;
  readonly #normalize: NormalizeGitUrl;
  readonly #known = new Map<string, Repository>();

  constructor(sources: Sources, normalize: NormalizeGitUrl) {
    this.#sources = sources;
    this.#normalize = normalize;
  }

  /** Asks upstream for one repository where these references, all of them into it, name revisions that nobody named before. A revision that upstream does not have spoils no other. */
  async want(targets: readonly GitTarget[], run: Run): Promise<ReadonlyMap<GitTarget, RepositoryAnswer>> {
    const [first] = targets;
    if (first === undefined) return new Map();
    const before = this.#known.get(repositoryKey(first)) ?? emptyRepository(targets);
    const known = new Set([...before.revisions.map(revisionKey), ...before.refused.keys()]);
    const fresh = new Map(
      targets
        .map(({ revision }): [string, GitRevision | undefined] => [revisionKey(revision), revision])
        .filter(([key]) => !known.has(key)),
    );
    const after = fresh.size === 0 ? before : await this.#grow(before, fresh, run);
    this.#known.set(repositoryKey(first), after);
    return new Map(targets.map((target) => [target, answerTo(target, after)]));
  }

  async #grow(
    before: Repository,
    fresh: ReadonlyMap<string, GitRevision | undefined>,
    run: Run,
  ): Promise<Repository> {
    const together = await this.#withRevisions(before, fresh, run);
    const isOnly = fresh.size === 1;
    const [error] =
      together.refused.size > before.refused.size ? [...together.refused.values()].slice(-1) : [];
    if (error === undefined || isOnly || !isGapferryError(error, 'SOURCE_NOT_FOUND')) return together;
    const lost = await this.#lost(before.url, fresh, run);
    const rest = new Map([...fresh].filter(([key]) => !lost.has(key)));
    if (lost.size === 0 || rest.size === 0)
      return { ...before, refused: new Map([...before.refused, ...together.refused, ...lost]) };
    return this.#grow({ ...before, refused: new Map([...before.refused, ...lost]) }, rest, run);
  }

  /** What is none of all its branches and tags, seen in one answer: somebody may point to thousands that are not there. */
  async #lost(
    url: string,
    fresh: ReadonlyMap<string, GitRevision | undefined>,
    run: Run,
  ): Promise<ReadonlyMap<string, unknown>> {
    const wish = discoveredGitWish(url, [undefined], this.#normalize, isLocal(url));
    const lost = new Map<string, unknown>();
    try {
      const [found] = await resolveWish(wish, this.#sources, run);
      for (const [key, revision] of fresh)
        if (revision !== undefined && pinnedRevision(found as GitPin, revision) === 'missing')
          lost.set(key, noSuchRevision(url, revision));
    } catch (error) {
      for (const [key] of fresh) lost.set(key, error);
    }
    return lost;
  }

  /** All of these as well, or none of them. */
  async #withRevisions(
    before: Repository,
    fresh: ReadonlyMap<string, GitRevision | undefined>,
    run: Run,
  ): Promise<Repository> {
    const revisions = [...before.revisions, ...fresh.values()];
    try {
      const wish = discoveredGitWish(before.url, revisions, this.#normalize, isLocal(before.url));
      const [found] = await resolveWish(wish, this.#sources, run);
      const pin = found as GitPin;
      return { ...before, revisions, pin: { ...pin, wish: wishDigest(plainGitWish(pin, isLocal(pin.url))) } };
    } catch (error) {
      const refused = [...fresh.keys()].map((key): [string, unknown] => [key, error]);
      return { ...before, refused: new Map([...before.refused, ...refused]) };
    }
  }
}

function noSuchRevision(url: string, { as, text }: GitRevision): GapferryError {
  const what = as === 'name' ? 'branch or tag' : as === 'semver' ? 'tag for' : as;
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message: `${url} has no ${what} "${oneLineWithoutSecrets(text)}"`,
    origin: 'source',
  });
}

/** Its address can be written in several ways: HTTPS is what most hosts answer to without an account. */
function emptyRepository(targets: readonly GitTarget[]): Repository {
  const [url = ''] = targets
    .map((target) => target.url)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return { url, revisions: [], refused: new Map() };
}

function rank(url: string): number {
  return ['https:', 'http:', 'ssh:'].findIndex((scheme) => url.startsWith(scheme));
}

function answerTo(target: GitTarget, { url, pin, refused }: Repository): RepositoryAnswer {
  const { revision } = target;
  if (isLocal(url) && !isSameAddress(url, target.url)) return { error: sameName(target, url) };
  const key = revisionKey(revision);
  if (refused.has(key) || pin === undefined) return { error: refused.get(key) };
  return { pin };
}

/** Only a submodule of a repository on this machine is asked for there. */
function isLocal(url: string): boolean {
  return url.startsWith('file:');
}

/** Repositories on this machine are called by the last part of their path alone. */
function sameName({ url, name }: GitTarget, other: string): GapferryError {
  return new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    origin: 'source',
    message: `${url} and ${other} would both be ${name} in the release`,
    hint: 'give one of them a line of its own under "git" in bundle.yaml, with "as"',
  });
}

function revisionKey(revision: GitRevision | undefined): string {
  return revision === undefined ? '' : `${revision.as} ${revision.text}`;
}
