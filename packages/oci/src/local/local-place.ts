import type { Descriptor, Digest, Run } from '@gapferry/core';
import type { PlaceFile } from './place-files.ts';

/** Images that lie somewhere on this machine. */
export interface LocalPlace {
  /** The place as bundle.yaml writes it, for errors. */
  readonly what: string;
  /** In the order in which the place lists them. */
  readonly entries: readonly LocalEntry[];
  /** A manifest, config or layer, as it lies there: nobody has checked it. Undefined when there is none. */
  find(digest: Digest, run: Run): Promise<PlaceFile | undefined>;
  close(): Promise<void>;
}

/** What a place lists. */
export interface LocalEntry {
  /** Every name it can be chosen by: what the place calls it. */
  readonly names: readonly string[];
  /** `os/architecture[/variant]`, where the place says so. */
  readonly platform?: string;
  /** Of its root, where the place says so. */
  readonly digest?: Digest;
  /** A manifest or index. An archive in Docker's old form has none: there it is made when it is asked for. */
  root(run: Run): Promise<Descriptor>;
}
