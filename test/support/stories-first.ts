import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that start the command line take longest: they begin first, so that no core waits for one of them at the end. */
export class StoriesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(isStory(b)) - Number(isStory(a)));
  }
}

function isStory({ moduleId }: TestSpecification): boolean {
  return /\/test\/(?:cli|e2e)\//.test(moduleId);
}
