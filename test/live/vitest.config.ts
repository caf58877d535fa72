import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { skipReasons } from '../support/skip-reasons.ts';

const sources: string[] = ['gapferry-source', 'node', 'import', 'module', 'default'];

/** Tests against real servers, and long stories: two files at a time, each with servers of its own. Most of the time they wait for processes. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    // Long stories are told here as well: `npm test` is for every change, and stays short.
    include: ['test/live/**/*.test.ts', 'test/{cli,e2e}/*.long.test.ts', 'packages/*/src/**/*.long.test.ts'],
    globalSetup: ['scripts/test-program.mjs'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', skipReasons, ...(process.env['CI'] ? ['json'] : [])],
    outputFile: { json: 'reports/live.json' },
  },
});

export default config;
