/** What was asked for on the command line of the bench. */
export interface BenchOptions {
  /** How often each contestant is measured. */
  readonly runs: number | undefined;
  /** Bytes of the workload, about. */
  readonly size: number | undefined;
  /** How many small files. */
  readonly count: number | undefined;
  /** Keys of the peers to run; all unless given. */
  readonly peers: readonly string[] | undefined;
  /** Which registry serves; the newest that is on the machine unless given. */
  readonly registry: RegistryChoice | undefined;
}

export const REGISTRY_CHOICES = ['distribution-3', 'docker-registry', 'testkit'] as const;
export type RegistryChoice = (typeof REGISTRY_CHOICES)[number];
