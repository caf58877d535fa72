import type { Bytes, Digest, Run } from '@gapferry/core';

/** Files at a WebDAV server (RFC 4918) or one that takes PUT alone. Questions are asked again after failed trips; every one may be asked twice. */
export interface WebdavServer {
  /** `host/path`, for messages. */
  readonly place: string;
  /** The URL of a path. */
  addressOf(path: string): string;
  /** Whether it answers, and has MOVE: from OPTIONS, or by moving what is not there. Asked once. */
  probe(run: Run): Promise<{ readonly canMove: boolean }>;
  /** Whether these credentials may write, as far as that shows without writing anything. */
  tryWrite(run: Run): Promise<WriteTrial>;
  look(at: WebdavPath, run: Run): Promise<WebdavFact | undefined>;
  open(at: WebdavPath, fact: WebdavFact, run: Run): Bytes;
  /** Under a name of ours first, then moved, where the server can; what is on its way anyhow at once, and nobody looks at it then. `over`: the tag of what may be replaced; absent: nothing may be there. Throws `TARGET_CONFLICT`. */
  put(at: WebdavPath, body: WebdavBody, over: string | undefined, run: Run): Promise<WebdavFact>;
  move(
    from: WebdavPath,
    to: WebdavPath,
    /** `digest`: of what is moved, for when the server does not say whether it was. */
    how: { readonly size: number; readonly digest: Digest; readonly over: string | undefined },
    run: Run,
  ): Promise<WebdavFact>;
  /** Fine when there is none. */
  remove(at: WebdavPath, run: Run): Promise<void>;
  /** Removes a collection with all that is in it, as far as the server does. */
  clear(collection: WebdavPath, run: Run): Promise<void>;
}

/** What writing on trial came to. `refused`: what the server says. `unclear`: neither, with its status. */
export type WriteTrial =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly said: string }
  | { readonly kind: 'unclear'; readonly status: number };

export interface WebdavPath {
  /** Relative, with `/`, not encoded. */
  readonly path: string;
  /** Named in errors and progress. */
  readonly item: string;
}

export interface WebdavFact {
  /** Bytes. */
  readonly size: number;
  /** `ETag`, or `Last-Modified` where there is none; empty where both are missing. */
  readonly tag: string;
}

/** May be opened again. */
export interface WebdavBody {
  readonly size: number;
  readonly open: () => Bytes;
}
