import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes long, the longest first: what starts the command line hundreds of times, then what starts git, then what starts an engine. */
const LONG: readonly RegExp[] = [
  /\/test\/cli\/transcripts\./,
  /\/test\/e2e\/main-job\./,
  /\/packages\/git\/src\/packing\//,
  /\/test\/(?:cli|e2e)\//,
  /\/packages\/git\/src\/|\/embedded-target\.contract\.|\/serve-git\.|\/chart-renderer\.|\/key-files\./,
];

/** Begins with what takes longest, also in a clone in which nothing has been measured yet, so that no core waits for one file at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((pattern) => pattern.test(moduleId));
  return at < 0 ? LONG.length : at;
}
