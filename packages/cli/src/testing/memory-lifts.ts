import type { LiftedRule, LiftJournal } from '@gapferry/targets';

/** What is lifted, for as long as the test runs. */
export function memoryLifts(): LiftJournal {
  let rules: readonly LiftedRule[] = [];
  return {
    read: async () => rules,
    write: async (lifted) => {
      rules = lifted;
    },
  };
}
