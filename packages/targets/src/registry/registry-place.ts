import type { BlobLanes } from './blob-lanes.ts';
import type { OciRegistry } from './oci-registry.ts';
import type { SurveyMemory } from './survey-memory.ts';

/** A registry target from within. */
export interface RegistryPlace {
  /** The target's name in the site file. */
  readonly target: string;
  readonly registry: OciRegistry;
  /** Host and path at the registry for an upstream repository. Throws `NAME_UNSAFE`. */
  repositoryOf(upstream: string): string;
  readonly lanes: BlobLanes;
  /** Begun anew by every survey. */
  memory: SurveyMemory;
  /** `repository@digest` of what an index names that could not be pruned. */
  readonly held: Set<string>;
  /** Small questions under way at once. */
  ask<T>(question: () => Promise<T>): Promise<T>;
}
