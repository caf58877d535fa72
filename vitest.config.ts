import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { skipReasons } from './test/support/skip-reasons.ts';

/** Packages resolve to their TypeScript sources, so tests never wait for a build or read a stale one. */
const sources: string[] = ['gapferry-source', 'node', 'import', 'module', 'default'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/live/**', '**/*.long.test.ts'],
    globalSetup: ['scripts/test-directory.mjs', 'scripts/test-program.mjs'],
    // Many tests wait for processes they started: every core gets a file, and one more.
    maxWorkers: availableParallelism() + 1,
    // Modules are loaded once a worker instead of once a file, which is a third of the time; so no test mocks a module.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // For a busy machine: no test measures time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', skipReasons, ...(process.env['CI'] ? ['json'] : [])],
    outputFile: { json: 'reports/test.json' },
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], exclude: ['**/*.test.ts'] },
  },
});

export default config;
