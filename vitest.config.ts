import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Packages resolve to their TypeScript sources, so tests never wait for a build or read a stale one. */
const sources: string[] = ['gapferry-source', 'node', 'import', 'module', 'default'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/live/**'],
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: 'reports/test.json' },
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], exclude: ['**/*.test.ts'] },
  },
});

export default config;
