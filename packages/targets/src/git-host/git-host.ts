import type { Obstacle, Permission, RefChange, RepositoryAbout, Run } from '@gapferry/core';

/** A Git hosting product, or a plain place of bare repositories, as far as a target needs it. `path` is always the repository's place there: `line/infra`. */
export interface GitHost {
  /** The place of an upstream repository (`host/path`). Pure. Throws `NAME_UNSAFE` for what the host could not take. */
  pathOf(repository: string): string;
  /** Where git reaches it. */
  urlOf(path: string): string;
  /** Asks who we are there: proves that the host answers and takes the credentials. */
  begin(run: Run): Promise<void>;
  /** Undefined where there is no repository. */
  look(path: string, run: Run): Promise<HostedRepository | undefined>;
  /** What the host must allow for what is wanted, and what is in the way of it there. What only trying shows is tried under names that the host keeps for itself, so that nothing comes of it. */
  judge(wanted: WantedAtHost, run: Run): Promise<HostJudgement>;
  /** Makes the repository, empty, with the organisation or groups that it needs; nothing where it is there already. */
  create(path: string, wanted: NewRepository, run: Run): Promise<void>;
  /** Rules of the host about branches and tags, the one that counts first. */
  protections(path: string, run: Run): Promise<readonly Protection[]>;
  /** Sets what is given and differs. */
  settle(path: string, wanted: RepositoryFacts, run: Run): Promise<void>;
  /** Carries out what lifting or restoring a rule takes. */
  carryOut(requests: readonly HostRequest[], run: Run): Promise<void>;
  /** As much of what is said of a repository as the host takes; absent where it takes nothing. Pure. */
  readonly takesOf?: (about: RepositoryAbout) => RepositoryAbout;
  /** Can HEAD be read and set? */
  readonly hasHead: boolean;
}

export interface RepositoryFacts {
  /** Full ref name. */
  readonly head?: string;
  readonly description?: string;
  /** Absent: nothing, or the host has none. */
  readonly homepage?: string;
  readonly topics?: readonly string[];
}

export interface HostedRepository extends RepositoryFacts {
  /** Why nothing may be pushed there: `it is archived`. */
  readonly closed?: string;
  /** The host says that these credentials may not push. */
  readonly mayPush?: false;
  /** Git LFS is switched off there. */
  readonly noLfs?: true;
}

/** What would change at a host, as far as the host as a whole is concerned. */
export interface WantedAtHost {
  /** Repositories that have to be made. */
  readonly missing: ReadonlyArray<{ readonly path: string; readonly objectFormat: 'sha1' | 'sha256' }>;
  /** Files of Git LFS come with it. */
  readonly lfs: boolean;
}

export interface HostJudgement {
  readonly permissions: readonly Permission[];
  readonly obstacles: readonly Obstacle[];
}

export interface NewRepository extends RepositoryFacts {
  readonly objectFormat: 'sha1' | 'sha256';
}

/** One rule of a host. */
export interface Protection {
  /** As the host shows it: `main`, `release/*`. */
  readonly rule: string;
  readonly matches: (ref: string) => boolean;
  /** May we do this under the rule? */
  readonly lets: (how: RefChange['how']) => boolean;
  /** How it is lifted for us and restored; absent where it cannot be. */
  readonly lift?: { readonly lift: readonly HostRequest[]; readonly restore: readonly HostRequest[] };
}

/** One question to a host's API. Holds no secret. */
export interface HostRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the API's root, escaped: `/repos/line/infra`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Besides those of every question. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers besides 2xx. */
  readonly accept?: readonly number[];
  /** Sending it twice does what sending it once does: a failed trip is tried again. */
  readonly again?: true;
}

export interface HostAnswer {
  readonly status: number;
  /** The JSON of the body; undefined where there is none. */
  readonly value: unknown;
}

/** A host's API over HTTP, authenticated. Answers of any status below 500 except 429 come back; others, and failed trips, are errors. */
export interface HostApi {
  ask(request: HostRequest, run: Run): Promise<HostAnswer>;
}

/** What is done to refs that differ from a release's. */
export interface RefsPolicy {
  /** A branch that would lose commits: moved, with a backup ref; or the release is refused. */
  readonly force: 'backup' | 'refuse';
  /** A tag that stands elsewhere: the release is refused; or the tag moves, with a backup ref. */
  readonly tags: 'keep' | 'move';
  /** Do refs go that an earlier release left and this one has not? */
  readonly prune: boolean;
  /** A rule of the host that would refuse the push: the release is refused; or the rule is lifted and restored. */
  readonly protected: 'refuse' | 'lift';
}

/** What is being loaded, for descriptions and the names of backups. */
export interface LoadedRelease {
  readonly channel: string;
  readonly version: string;
  readonly sequence: number;
  /** Digest of the release statement. */
  readonly statement: string;
}
