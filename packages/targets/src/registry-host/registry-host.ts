import type {
  BlobReader,
  Load,
  LoadOutcome,
  Obstacle,
  OciContent,
  OciTag,
  Permission,
  Run,
} from '@gapferry/core';

/** A product around a registry that wants something to be there before it is pushed to, and has an API to ask about it and to make it. `place` is what has to be there: a project of Harbor,
 *  a repository of an organisation at Quay, a project of GitLab. */
export interface RegistryHost {
  /** What it is called: `Harbor`. */
  readonly product: string;
  /** Places are as many as repositories: they are looked at only where the registry does not have what is wanted. */
  readonly looksLate?: true;
  /** A new survey: what an earlier one saw counts no more. Asks nothing. `medium`: what the loads come from, where it is at hand. */
  begin(loads: readonly Load[], medium?: BlobReader): void;
  /** Proves that the host answers and takes the credentials. Throws `UNAUTHORIZED`, `CONFIG_INVALID`. */
  signIn(run: Run): Promise<void>;
  /** The place that a path of the registry lies in. Pure. */
  placeOf(path: string): string;
  /** Why the host does not take the path: half a sentence; undefined where it does. Pure. */
  nameProblem(path: string): string | undefined;
  /** Each place is asked about once in a survey. */
  look(place: string, run: Run): Promise<PlaceState>;
  /** What making it makes: `project docker.io (private)`. */
  makes(place: string): string;
  /** Makes the place where there is none, with what it lies in. Throws `TARGET_CONFLICT` where the site does not want it made, `FORBIDDEN`, `NO_SPACE`. */
  make(place: string, run: Run): Promise<void>;
  /** The registry does not let these credentials read the place: what lacks is told as a permission. */
  close(place: string): void;
  permissions(wanted: readonly Load[], run: Run): Promise<readonly Permission[]>;
  obstacles(wanted: readonly Load[], run: Run): Promise<readonly Obstacle[]>;
  /** What a refusal of the registry comes from. Everything else passes as it is. */
  explain(place: string, error: unknown, run: Run): Promise<unknown>;
  /** What the site wants besides of a name that was just set. */
  readonly afterName?: (name: OciTag, outcome: LoadOutcome, run: Run) => Promise<LoadOutcome>;
}

/** `hidden`: these credentials are not told whether there is one, or may not read it. `closed`: the registry refused to be read. */
export type PlaceState = 'there' | 'missing' | 'hidden' | 'closed';

export type OciLoad = OciContent | OciTag;
