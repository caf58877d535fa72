import type { BlobReader, GitContent, GitRef, Run } from '@gapferry/core';

/** What a target of Git repositories at another host needs of Git. URLs are `https:`, `http:`, `ssh:` and `file:`, without credentials. */
export interface GitRemotes {
  /** All refs, whatever their names. Undefined where there is no repository. */
  list(url: string, run: Run): Promise<RemoteState | undefined>;
  /** Would a push be let in? A `file:` URL may name a repository that is yet to be made, others one that is there. Changes nothing. */
  mayPush(
    url: string,
    run: Run,
  ): Promise<{ readonly state: 'proven' } | { readonly state: 'lacking'; readonly said: string }>;
  /** For `file:` URLs only: an empty bare repository. */
  create(url: string, objectFormat: 'sha1' | 'sha256', head: string | undefined, run: Run): Promise<void>;
  /** For `file:` URLs only. */
  setHead(url: string, head: string, run: Run): Promise<void>;
  /** Unpacks what a release has of a repository, somewhere that only we see, and proves it. Throws `DIGEST_MISMATCH`, `BLOB_MISSING` and `CONTENT_INVALID`. */
  stage(content: GitContent, from: BlobReader, run: Run): Promise<StagedRepository>;
  /** The same of what the host has under some refs, brought here. Throws `TARGET_CONFLICT` when a ref is something else by now. */
  mirror(url: string, refs: readonly GitRef[], run: Run): Promise<StagedRepository>;
  /** Deletes refs, all or none, each only where it stands at its object. Throws `TARGET_CONFLICT` where one does not, and `FORBIDDEN` for what the host refuses. */
  remove(url: string, refs: readonly GitRef[], run: Run): Promise<void>;
}

export interface RemoteState {
  readonly refs: readonly GitRef[];
  /** The branch HEAD points to, where the host says it. */
  readonly head?: string;
}

/** What a release has of one repository. One push at a time. */
export interface StagedRepository {
  /** Which of these objects the release has. */
  known(oids: Iterable<string>, run: Run): Promise<ReadonlySet<string>>;
  /** Commits that `to` has beyond `from`; undefined where `from` is not in the history of `to`. */
  forward(from: string, to: string, run: Run): Promise<number | undefined>;
  /** About how many bytes bring `wanted` to somebody who has `have`. */
  size(wanted: readonly string[], have: Iterable<string>, run: Run): Promise<number>;
  /** The fewest commits that reach everything of `wanted` that `have` does not. */
  tips(wanted: readonly string[], have: Iterable<string>, run: Run): Promise<readonly string[]>;
  /** Sends objects in pushes that the host takes, each kept there under `<prefix><object id>`; what it has already is not sent. Returns about how many bytes were sent;
   *  false where the host takes no refs of such names: nothing was sent. */
  send(
    url: string,
    objects: {
      readonly item: string;
      readonly prefix: string;
      readonly oids: readonly string[];
      readonly have: Iterable<string>;
    },
    run: Run,
  ): Promise<number | false>;
  /** All refs or none, each only from what its lease says. Throws `TARGET_CONFLICT` for a lease that does not hold, and `FORBIDDEN` for what the host refuses. */
  push(url: string, pushes: readonly RefPush[], run: Run): Promise<void>;
  /** Brings what stands at the host here, so that it can be pushed there under another name. Throws `TARGET_CONFLICT` when a ref is something else by now. */
  fetch(url: string, refs: readonly GitRef[], run: Run): Promise<void>;
  discard(): Promise<void>;
}

export interface RefPush {
  readonly name: string;
  /** Left out: the ref goes. */
  readonly oid?: string;
  /** What must stand there; without `oid` it must not be there. */
  readonly lease?: { readonly oid?: string };
  /** It is created or moved forward, and loses nothing: of very many refs these go without their lease. */
  readonly isForward?: boolean;
}
