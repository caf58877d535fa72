import type { SubmoduleReader } from '@gapferry/core';

/** Nothing has any. */
export const NO_SUBMODULES: SubmoduleReader = {
  readSubmodules: async () => ({ references: [], problems: [], unreached: [] }),
  pinCommits: async (pin, commits) => ({ ...pin, commits: [...new Set(commits)].sort() }),
};
