import { mkdir, writeFile } from 'node:fs/promises';
import {
  type ProcessResult,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** Bundled when the tests began. */
const PROGRAM = process.env['GAPFERRY_TEST_PROGRAM'];

// Every case starts processes.
vi.setConfig({ testTimeout: 60_000 });

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

/** A shell line in which `$gapferry` is the command line. */
function shell(line: string, environment: Readonly<Record<string, string>> = {}): Promise<ProcessResult> {
  const gapferry = `"${process.execPath}" "${PROGRAM}"`;
  return runProcess('bash', ['-o', 'pipefail', '-c', line.replaceAll('$gapferry', gapferry)], {
    cwd: home.path,
    env: { PATH: process.env['PATH'], HOME: home.path, ...environment },
  });
}

describe('a reader that has seen enough', () => {
  it.each(['--help', 'collect --help', 'keys list . --json'])('is no error of "%s"', async (args) => {
    expect(await shell(`$gapferry ${args} | true`)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('changes no exit code', async () => {
    expect(await shell('$gapferry nosuch --json | true')).toMatchObject({ code: 2, stderr: '' });
  });

  it('of the talk on stderr stops no work', async () => {
    const line =
      '{ $gapferry keys generate a --plain 2>&1 >result; } | true; $gapferry keys generate a --plain';
    expect(await shell(line)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a.key is there already'),
    });
    expect(await shell('$gapferry nosuch 2>&- ')).toMatchObject({ code: 2 });
  });
});

it.runIf(process.platform === 'linux')('says that the result could not be written', async () => {
  for (const args of ['--help', 'keys list . --json', 'nosuch --json'])
    expect(await shell(`$gapferry ${args} > /dev/full`)).toMatchObject({
      code: 8,
      stderr: expect.stringContaining('gapferry: error: the result could not be written: ENOSPC'),
    });
});

it.each(['--json', 'keys --json', '--json ledger', '--json --debug'])(
  'answers "%s" with JSON and not with a list of commands',
  async (args) => {
    const { code, stdout } = await shell(`$gapferry ${args}`);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { code: 'USAGE', hint: expect.stringMatching(/^say one of: /) },
    });
  },
);

it('looks for no plugin in the home', async () => {
  await mkdir(home.join('.local/share/gapferry'), { recursive: true });
  await writeFile(home.join('.local/share/gapferry/package.json'), '{ broken');
  expect(await shell('$gapferry keys list .')).toMatchObject({ code: 0, stderr: '' });
});

it.each([
  [{ HTTPS_PROXY: 'http://user:hunter2 x@proxy:99999' }, 'HTTPS_PROXY is not the address of a proxy'],
  [{ http_proxy: 'hunter2@proxy' }, 'http_proxy is not the address of a proxy'],
  [{ GAPFERRY_CONNECT_TO: 'a.test:443=b.test:99999' }, 'GAPFERRY_CONNECT_TO has "a.test:443=b.test:99999"'],
  [{ GAPFERRY_CA: 'bundle.yaml' }, 'GAPFERRY_CA names bundle.yaml, which holds no certificate'],
])('names what is wrong in the environment, and no secret in it', async (environment, words) => {
  await writeFile(
    home.join('bundle.yaml'),
    `format: gapferry.bundle/1\nname: a\nfiles: [{url: "http://127.0.0.1:1/x", sha256: "${'a'.repeat(64)}", as: x}]\n`,
  );
  const { code, stderr } = await shell('$gapferry resolve bundle.yaml', environment);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  expect(stderr).not.toContain('hunter2');
  expect(await shell('ls')).toMatchObject({ stdout: 'bundle.yaml\n' });
});
