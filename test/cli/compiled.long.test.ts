import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PROGRAM } from '../support/command-line.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

/** Runs a command that loads much of the program, with this home and nothing else. */
async function run(HOME: string): Promise<string> {
  return await mustRun(process.execPath, [PROGRAM, 'verify', '--help'], {
    cwd: home.path,
    env: { PATH: process.env['PATH'], HOME, NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined },
  });
}

const compiledIn = (directory: string): Promise<string[]> =>
  readdir(join(directory, '.cache/gapferry/compiled')).catch(() => []);

it('keeps the compiled program where only its user can write', async () => {
  expect(await run(home.path)).toContain('gapferry verify');
  expect(await compiledIn(home.path)).not.toEqual([]);
  expect((await stat(home.join('.cache/gapferry/compiled'))).mode & 0o777).toBe(0o700);
  expect(await run(home.path)).toContain('gapferry verify');
});

it.each(['.cache', '.cache/gapferry'])('does not where others can write to %s', async (path) => {
  await mkdir(home.join('.cache/gapferry'), { recursive: true, mode: 0o755 });
  await chmod(home.join(path), 0o777);
  expect(await run(home.path)).toContain('gapferry verify');
  expect(await compiledIn(home.path)).toEqual([]);
});

it('makes no home where there is none', async () => {
  expect(await run(home.join('none'))).toContain('gapferry verify');
  expect(await readdir(home.path)).toEqual([]);
});
