import { readFile, writeFile } from 'node:fs/promises';
import { parseBundleConfig } from '@gapferry/bundle';
import type { GitObject } from '@gapferry/core';
import { createRepository, isMissing, mustRun, temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { readDemands } from './read-demands.ts';
import { readGitDemands } from './read-git-demands.ts';

const KEY = `ssh-ed25519 ${Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 '), Buffer.alloc(32, 7)]).toString('base64')}`;
const bundle = (body: string) =>
  parseBundleConfig(`format: gapferry.bundle/1\nname: a\n${body}\n`, 'bundle.yaml', (url) => url);
const lines = (verify: string): string => `git: [{url: "https://git.example.org/a", verify: ${verify}}]`;

it.skipIf(isMissing('ssh-keygen'))(
  'signers are read beside bundle.yaml, and judge what git signed',
  async () => {
    await using home = await temporaryDirectory();
    await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', home.join('ada')]);
    await writeFile(home.join('signers'), `ada@example.org ${await readFile(home.join('ada.pub'), 'utf8')}`);
    await writeFile(home.join('others'), `bob@example.org ${KEY}\n`);
    const repository = await createRepository(home.join('r'));
    const signing = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${home.join('ada')}`];
    await repository.git(...signing, 'commit', '-q', '-S', '--allow-empty', '-m', 'signed');
    const oid = await repository.git('rev-parse', 'HEAD');
    const content = Buffer.from(await mustRun('git', ['-C', repository.path, 'cat-file', 'commit', oid]));
    const object: GitObject = { oid, type: 'commit', content };
    const { git, problems } = await readGitDemands({
      config: bundle(
        `${lines('{allowedSigners: signers}')}\nupstream: [{match: "**", git: {allowedSigners: others}}]`,
      ),
      file: home.join('bundle.yaml'),
    });
    expect(problems).toEqual([]);
    if (git === undefined) throw new Error('nothing was demanded');
    const by = (allowedSigners: string): Promise<unknown> =>
      git.verifier.verify(object, git.signersOf({ allowedSigners }));
    expect(await by('signers')).toMatchObject({ by: 'git-ssh', principal: 'ada@example.org' });
    await expect(by('others')).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  },
);

it('signers that cannot be read or used are named, each with its line', async () => {
  await using home = await temporaryDirectory();
  const file = home.join('bundle.yaml');
  const verify = '[{allowedSigners: gone}, {allowedSigners: bad}, {keyring: empty.gpg}]';
  const body = `upstream: [{match: "**", git: {allowedSigners: fine}}]\n${lines(verify)}`;
  await writeFile(file, `format: gapferry.bundle/1\nname: a\n${body}\n`);
  await writeFile(home.join('fine'), `ada ${KEY}\n`);
  await writeFile(home.join('bad'), 'ada cert-authority ssh-ed25519 AAAA\n');
  await writeFile(home.join('empty.gpg'), '');
  await expect(readDemands({ config: bundle(body), file })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(
      /bundle\.yaml:4: bad: .*bad:1 cannot be used.*\n.*:4: gone: there is no such file\n.*:4: empty\.gpg: .*cannot be used/,
    ),
    hint: expect.stringContaining('signers'),
  });
});

it('nothing is read where nothing is demanded', async () => {
  const config = bundle('git: [{url: "https://git.example.org/a"}]');
  expect(await readGitDemands({ config, file: '/nowhere/bundle.yaml' })).toEqual({ problems: [] });
});
