import type { Bytes, Digest, Run } from '@gapferry/core';

/** What the target needs of a place that keeps files in directories: a directory of this machine, or a WebDAV server. Paths are safe, relative to its root, with `/`. */
export interface FileTree {
  /** For messages. */
  readonly place: string;
  /** A path, or a URL; a directory's ends with a slash. */
  addressOf(path: string): string;
  /** A look is a request: what was seen counts until the next survey, for changes look again. And a tag that another import left proves the bytes of today, together with the size. */
  readonly isRemote: boolean;
  /** Asks whether it can be used at all; changes nothing. `canMove`: a file that is there can get another name in one step. */
  probe(run: Run): Promise<{ readonly canMove: boolean }>;
  /** Whether it may be written to, as far as that shows without writing anything; absent where `probe` throws unless it may. */
  readonly tryWrite?: (run: Run) => Promise<WriteTrial>;
  /** Throws `NO_SPACE` where it is known that so much does not fit. */
  requireRoom(missing: TreeAmount, run: Run): Promise<void>;
  /** Throws `NAME_UNSAFE` where it is known that a path is there under another spelling. */
  requireSpelling(paths: readonly TreePath[], run: Run): Promise<void>;
  /** Undefined: there is nothing. Throws `TARGET_CONFLICT` for what is no file. */
  look(at: TreePath, run: Run): Promise<TreeFact | undefined>;
  /** Exactly the bytes of the file that was looked at. */
  open(at: TreePath, fact: TreeFact, run: Run): Bytes;
  /** Writes a file, with the directories on its way; what is hidden need not be whole after a break. `over`: the tag of what may be replaced; absent: nothing may be there. Throws `TARGET_CONFLICT`. */
  put(at: TreePath, body: TreeBody, over: string | undefined, run: Run): Promise<TreeFact>;
  /** Another name in one step. */
  move(from: TreePath, to: TreePath, how: TreeMove, run: Run): Promise<TreeFact>;
  /** Fine when there is none. */
  remove(at: TreePath, run: Run): Promise<void>;
  /** Removes a directory of ours with all that is in it; fine when there is none. */
  clear(directory: TreePath, run: Run): Promise<void>;
}

/** `refused`: what the place says. `unclear`: it gave an odd answer, with this status. */
export type WriteTrial =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'unclear'; readonly status: number };

/** What is to come. */
export interface TreeAmount {
  readonly files: number;
  readonly bytes: number;
}

export interface TreePath {
  readonly path: string;
  /** Named in errors and progress. */
  readonly item: string;
}

export interface TreeFact {
  readonly size: number;
  /** Another one when the file was replaced or written to; empty where the place tells none. */
  readonly tag: string;
  /** Absent where no such bit is kept. */
  readonly executable?: boolean;
}

/** May be opened again. Whoever sees the end of its bytes saw the right ones. */
export interface TreeBody {
  readonly size: number;
  readonly open: () => Bytes;
}

export interface TreeMove {
  readonly executable: boolean;
  /** Bytes of what is moved. */
  readonly size: number;
  /** Of what is moved. */
  readonly digest: Digest;
  readonly over: string | undefined;
}
