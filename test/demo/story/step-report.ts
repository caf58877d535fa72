import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `.ci/run` looks for it. */
const FILE = 'reports/demo.json';

/** Counts steps and leaves a report with the fields of the test runner's, so that both can be added up. */
export interface StepReport {
  passed(): void;
  /** Called when the story is over, however it ended. A step that began and did not pass has failed; those after it were skipped. */
  write(): Promise<void>;
}

/** `steps`: how many there are in all. Without CI nothing is written. */
export function createStepReport(root: string, steps: number, env: NodeJS.ProcessEnv): StepReport {
  let passed = 0;
  return {
    passed: () => {
      passed += 1;
    },
    write: async () => {
      if (!env['CI']) return;
      const failed = passed < steps ? 1 : 0;
      const report = {
        numPassedTests: passed,
        numFailedTests: failed,
        numPendingTests: steps - passed - failed,
        numTodoTests: 0,
      };
      await mkdir(join(root, 'reports'), { recursive: true });
      await writeFile(join(root, FILE), `${JSON.stringify(report)}\n`);
    },
  };
}
