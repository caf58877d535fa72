import { chmod, writeFile } from 'node:fs/promises';
import { type Bytes, quietRun } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGit, type Git } from './git-tool.ts';

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());

/** A program in git's place: it answers `--version` like git, and runs the given shell text for everything else. */
async function fakeGit(script: string, version = 'git version 2.47.1'): Promise<Git> {
  const program = directory.join(`git-${Math.random().toString(36).slice(2)}`);
  await writeFile(
    program,
    `#!/bin/sh\nif [ "$1" = --version ]; then echo "${version}"; exit 0; fi\n${script}\n`,
  );
  await chmod(program, 0o755);
  return createGit({
    program,
    environment: {
      PATH: '/usr/bin:/bin',
      HOME: '/home/me',
      GIT_SSH_COMMAND: 'evil',
      GIT_CONFIG_COUNT: '1',
      SECRET: 'x',
      HTTPS_PROXY: 'http://proxy:1',
    },
  });
}

describe('the git program', () => {
  it('that is missing is named', async () => {
    const git = createGit({ program: '/nonexistent/git' });
    await expect(git.run({ doing: 'try', args: ['status'] }, quietRun())).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: expect.stringContaining('2.39'),
    });
  });

  it.each(['git version 2.38.4', 'git version 1.99.0', 'something else'])(
    'that says "%s" is too old',
    async (version) => {
      const git = await fakeGit('exit 0', version);
      await expect(git.run({ doing: 'try', args: ['status'] }, quietRun())).rejects.toMatchObject({
        code: 'TOOL_MISSING',
      });
    },
  );

  it.each(['git version 2.39.0', 'git version 3.0.1 (Apple)'])(
    'that says "%s" is new enough',
    async (version) => {
      const git = await fakeGit('echo fine', version);
      expect(await git.run({ doing: 'try', args: ['status'] }, quietRun())).toEqual({
        status: 0,
        text: 'fine\n',
        complaint: '',
      });
    },
  );

  it('gets no variables but the chosen ones, and no way to ask or to run a helper', async () => {
    const git = await fakeGit('env');
    const { text } = await git.run({ doing: 'try', args: [], settings: [['a.b', 'c']] }, quietRun());
    const variables = new Map(
      text
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(Object.fromEntries(variables)).toMatchObject({
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ASKPASS: '',
      LC_ALL: 'C',
      GIT_ALLOW_PROTOCOL: 'none',
      HOME: '/nonexistent',
      HTTPS_PROXY: 'http://proxy:1',
    });
    expect([...variables.keys()].filter((name) => name === 'SECRET' || name === 'GIT_SSH_COMMAND')).toEqual(
      [],
    );
    expect(
      [...variables.values()].filter((value) =>
        ['core.hooksPath', 'protocol.ext.allow', 'a.b'].includes(value),
      ),
    ).toHaveLength(3);
  });

  it('sees arguments as they are', async () => {
    const git = await fakeGit('for a in "$@"; do echo "<$a>"; done');
    expect((await git.run({ doing: 'try', args: ['$(id)', 'a b', '; ls', ''] }, quietRun())).text).toBe(
      '<$(id)>\n<a b>\n<; ls>\n<>\n',
    );
  });

  // Output ends only when every process that holds it has ended: the sleep in the background too, which nobody but the group's end stops.
  it('is stopped with everything it started when the run is, even when it does not want to', async () => {
    const git = await fakeGit('trap "" TERM; sleep 600 & echo $!; wait; sleep 600');
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _chunk of git.stream({ doing: 'try', args: [] }, quietRun(stop.signal))) stop.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('is not started when the run is stopped already', async () => {
    const git = await fakeGit('echo started');
    await expect(git.run({ doing: 'try', args: [] }, quietRun(AbortSignal.abort()))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });

  it('is given up when it is silent for too long', async () => {
    const git = await fakeGit('sleep 600');
    await expect(
      git.run({ doing: 'fetch x', args: [], idleTimeoutMs: 50 }, quietRun()),
    ).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
  });

  it('may not answer without end', async () => {
    const git = await fakeGit('yes');
    await expect(git.run({ doing: 'try', args: [] }, quietRun(), 100_000)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it('is quoted in errors without progress, secrets and control characters', async () => {
    const git = await fakeGit(
      `printf 'Receiving objects:  10%% (1/10)\\rReceiving objects: 100%% (10/10)\\n' >&2; printf 'fatal: \\033[31mhttps://me:hunter2@host/x is bad\\n' >&2; exit 128`,
    );
    const failing = git.run({ doing: 'fetch x', args: [] }, quietRun());
    await expect(failing).rejects.toMatchObject({
      code: 'GIT_FAILED',
      message: 'could not fetch x: fatal: \\u{1b}[31mhttps://***@host/x is bad',
    });
  });

  it('may complain without end', async () => {
    const git = await fakeGit(
      'i=0; while [ $i -lt 20000 ]; do echo "error: number $i" >&2; i=$((i+1)); done; exit 1',
    );
    await expect(git.run({ doing: 'try', args: [] }, quietRun())).rejects.toMatchObject({
      message: expect.stringMatching(/^.{0,1100}number 19999$/),
    });
  });

  it('that does not read its input to the end does not succeed', async () => {
    async function* endless(): Bytes {
      for (;;) yield Buffer.alloc(65_536);
    }
    const git = await fakeGit('head -c 10 >/dev/null');
    await expect(git.run({ doing: 'try', args: [], input: endless() }, quietRun())).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
  });

  it('is stopped when its input fails, and the input tells why', async () => {
    async function* failing(): Bytes {
      yield Buffer.from('x');
      throw new Error('the stick was pulled');
    }
    const git = await fakeGit('cat >/dev/null; sleep 600');
    await expect(git.run({ doing: 'try', args: [], input: failing() }, quietRun())).rejects.toThrow(
      'the stick was pulled',
    );
  });

  it('of this machine runs no transport that the command does not name', async () => {
    const git = createGit();
    const touched = directory.join('touched');
    const args = ['ls-remote', '--', `ext::touch ${touched}`];
    await expect(git.run({ doing: 'list', args, protocol: 'https' }, quietRun())).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(
      git.run({ doing: 'list', args: ['ls-remote', '--', `file://${directory.path}`] }, quietRun()),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(writeFile(touched, '', { flag: 'wx' })).resolves.toBeUndefined();
  });
});
