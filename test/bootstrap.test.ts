import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type ProcessResult,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../scripts/bootstrap.mjs', import.meta.url));

/** A checkout of two files, and an npm that only writes down that it was called. */
let checkout: TemporaryDirectory;
beforeEach(async () => {
  checkout = await temporaryDirectory();
  for (const directory of ['scripts', 'packages', 'bin', 'node_modules/.bin'])
    await mkdir(checkout.join(directory), { recursive: true });
  await copyFile(SCRIPT, checkout.join('scripts/bootstrap.mjs'));
  await writeFile(checkout.join('package.json'), '{"packageManager": "pnpm@0.0.0"}');
  await writeFile(checkout.join('node_modules/.bin/node'), '');
});
afterEach(() => checkout.remove());

async function bootstrap(
  npmExits: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ProcessResult & { readonly installs: number; readonly calls: string }> {
  const calls = checkout.join('calls');
  await writeFile(calls, '');
  await writeFile(checkout.join('bin/npm'), `#!/bin/sh\necho "$*" >> "${calls}"\nexit ${npmExits}\n`);
  await chmod(checkout.join('bin/npm'), 0o755);
  const result = await runProcess(process.execPath, [checkout.join('scripts/bootstrap.mjs')], {
    env: { PATH: `${checkout.join('bin')}:${process.env['PATH']}`, ...env },
  });
  const called = await readFile(calls, 'utf8');
  return { ...result, installs: called.split('\n').length - 1, calls: called };
}

it('installs once, and again when a locked file changed', async () => {
  expect(await bootstrap(0)).toMatchObject({ code: 0, stdout: '', installs: 1 });
  expect(await bootstrap(0)).toMatchObject({ code: 0, stdout: '', stderr: '', installs: 0 });
  await writeFile(checkout.join('pnpm-lock.yaml'), 'other: 1\n');
  expect(await bootstrap(0)).toMatchObject({ code: 0, installs: 1 });
});

it('installs again after one that failed, also when the files are what they were before', async () => {
  await bootstrap(0);
  await writeFile(checkout.join('pnpm-lock.yaml'), 'other: 1\n');
  expect(await bootstrap(1)).toMatchObject({ code: 1, installs: 1 });
  await runProcess('rm', [checkout.join('pnpm-lock.yaml')]);
  expect(await bootstrap(0)).toMatchObject({ code: 0, installs: 1 });
});

it('lets CI judge the locked versions, and nobody else', async () => {
  expect((await bootstrap(0)).calls).toContain('install --frozen-lockfile --trust-lockfile');
  await writeFile(checkout.join('pnpm-lock.yaml'), 'other: 1\n');
  const { calls } = await bootstrap(0, { CI: 'true' });
  expect(calls).toContain('install --frozen-lockfile');
  expect(calls).not.toContain('trust');
});
