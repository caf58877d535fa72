import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProcess } from '@gapferry/testkit';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Imports the files that it gets as JSON, and prints those that cannot be. */
const LOAD_ALL = `
for (const file of JSON.parse(process.argv[1]))
  await import(file).catch((error) => console.log(file + ': ' + error.message));
`;

// The tests load modules by Vite and the program is bundled by esbuild; both are kinder than Node to named imports of CommonJS.
it('Node loads every source as it is, as `npm run gapferry` does', async () => {
  const files = globSync('packages/*/src/**/*.ts', {
    cwd: ROOT,
    exclude: ['**/*.test.ts', 'packages/testkit/**', '**/testing/**', '**/*-worker.ts'],
  }).map((file) => `${ROOT}${file}`);
  expect(files.length).toBeGreaterThan(500);
  const args = ['--conditions=gapferry-source', '--input-type=module', '-e', LOAD_ALL];
  const result = await runProcess(process.execPath, [...args, JSON.stringify(files)]);
  expect(result).toMatchObject({ code: 0, stdout: '' });
});
