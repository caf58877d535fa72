import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createHttpClient } from '@gapferry/http';
import type { LfsServer, LfsServerOptions } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { type LfsWorld, MODEL, makeLfsWorld, SMALL, sorted, wishOf } from '../testing/lfs-world.ts';

let world: LfsWorld;
beforeAll(async () => {
  world = await makeLfsWorld();
});
afterAll(() => world.home.remove());

const SECRET = 'Sesam-of-the-host';
let count = 0;

/** In ssh's place: `git-lfs-authenticate` says what it is told to, and is written down; everything else is the far side's command, run here. */
async function sshThatSays(says: string): Promise<{ environment: { PATH: string }; asked: string }> {
  count += 1;
  const bin = world.home.join(`bin-${count}`);
  const asked = world.home.join(`asked-${count}`);
  const script = [
    '#!/bin/sh',
    'for last in "$@"; do :; done',
    'case "$last" in',
    `git-lfs-authenticate*) for a in "$@"; do echo "$a"; done >> ${asked}; ${says}; exit;;`,
    'esac',
    'PATH=/usr/local/bin:/usr/bin:/bin exec sh -c "$last"',
    '',
  ];
  await mkdir(bin);
  await writeFile(`${bin}/ssh`, script.join('\n'), { mode: 0o755 });
  return { environment: { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin` }, asked };
}

function collectOver(says: (server: LfsServer) => string, options: LfsServerOptions = {}) {
  return async () => {
    await using server = await world.serve(options);
    const { environment, asked } = await sshThatSays(says(server));
    const collected = await world.collect(
      wishOf(server, { url: `ssh://git@git.example.org:2222${world.upstream.path}` }),
      {
        environment,
        git: createGit({ environment }),
        http: createHttpClient({ wait: async () => {}, random: () => 0, credentials: async () => undefined }),
      },
    );
    return { ...collected, server, asked: (await readFile(asked, 'utf8')).trim().split('\n') };
  };
}

const answer = (value: unknown): string => `printf %s '${JSON.stringify(value)}'`;

describe('Git LFS of a repository over SSH', () => {
  it('is where the host says, asked with what the host gives for it', async () => {
    const auth = { username: 'ssh-user', password: SECRET };
    const authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
    const { pin, asked, server } = await collectOver(
      ({ url }) =>
        answer({
          href: `${url}/line-a.git/info/lfs`,
          header: { Authorization: authorization },
          expires_in: 3600,
        }),
      { auth },
    )();
    expect(pin.lfs).toEqual(sorted(MODEL, SMALL));
    expect(asked).toEqual(
      expect.arrayContaining([
        '-oBatchMode=yes',
        '-oStrictHostKeyChecking=yes',
        '-p',
        '2222',
        'git@git.example.org',
      ]),
    );
    expect(asked.at(-1)).toBe(`git-lfs-authenticate '${world.upstream.path}' download`);
    expect(server.requests.filter(({ url }) => url.endsWith('/batch'))).toHaveLength(1);
  });

  it.each([
    ['a file', { href: 'file:///etc/passwd' }],
    ['a password', { href: 'https://a:b@git.example.org/' }],
    ['no address', { header: {} }],
    ['a header of two lines', { href: 'https://git.example.org/', header: { A: 'b\r\nc' } }],
  ])('is refused with %s, and nothing of the answer is repeated', async (_, said) => {
    const failed = collectOver(() => answer({ ...said, secret: SECRET }))();
    await expect(failed).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    await expect(failed).rejects.not.toThrow(new RegExp(SECRET));
  });

  it('that says too much is cut off', async () => {
    await expect(collectOver(() => 'yes x | head -c 100000')()).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
  });

  it('is told apart: a host that does not know the command, and one that refuses the key', async () => {
    await expect(
      collectOver(() => 'echo "git-lfs-authenticate: command not found" >&2; exit 127')(),
    ).rejects.toMatchObject({ message: expect.stringContaining('Git LFS server') });
    await expect(
      collectOver(() => 'echo "git@git.example.org: Permission denied (publickey)." >&2; exit 255')(),
    ).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
