import type { Published } from '../upstream/start-upstream.ts';

/** Where the clients fetch from and what must come. */
export interface PullPlace {
  /** Of the served depot. */
  readonly url: string;
  /** A directory for what is pulled; it may not exist yet. */
  readonly into: string;
  readonly published: Published;
}
