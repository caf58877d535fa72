import type { Reporter } from 'vitest/node';

/** Prints why a test was skipped: the default reporter only counts them. */
export const skipReasons: Reporter = {
  onTestCaseResult(test) {
    const result = test.result();
    if (result.state === 'skipped' && result.note !== undefined)
      process.stdout.write(`skipped: ${test.fullName}: ${result.note}\n`);
  },
};
