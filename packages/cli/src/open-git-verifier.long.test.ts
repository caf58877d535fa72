import { readFile, writeFile } from 'node:fs/promises';
import { type GitObject, type GitSigners, isGapferryError } from '@gapferry/core';
import {
  createRepository,
  gitEnvironment,
  isMissing,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitVerifier } from './open-git-verifier.ts';

const ADA = 'Ada <ada@example.org>';
const EVE = 'Eve <eve@example.org>';
const verifier = openGitVerifier();

type Kind = 'ssh' | 'openpgp';
type Type = GitObject['type'];

describe.skipIf(isMissing('gpg', 'gpgconf', 'ssh-keygen'))('tags and commits that git itself signed', () => {
  let home: TemporaryDirectory;
  let signers: GitSigners;

  /** What git is told of keys, and who commits. */
  const environment = (date = '2024-06-01T12:00:00Z'): Record<string, string> => ({
    ...gitEnvironment(),
    GNUPGHOME: home.path,
    GIT_COMMITTER_DATE: date,
    GIT_AUTHOR_DATE: date,
  });
  const settings = (kind: Kind, who: string): string[] =>
    [
      `gpg.format=${kind}`,
      `user.signingkey=${kind === 'ssh' ? home.join(who.slice(0, 3)) : who}`,
      `gpg.ssh.allowedSignersFile=${home.join('signers')}`,
      'gpg.minTrustLevel=undefined',
    ].flatMap((setting) => ['-c', setting]);
  const gpg = (...args: readonly string[]): Promise<string> =>
    mustRun('gpg', ['--homedir', home.path, '--batch', '--yes', '--quiet', ...args]);

  beforeAll(async () => {
    home = await temporaryDirectory();
    for (const [who, kind] of [
      [ADA, 'ed25519'],
      [EVE, 'rsa2048'],
    ] as const) {
      await gpg('--passphrase', '', '--quick-gen-key', who, kind, 'sign', 'never');
      await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', home.join(who.slice(0, 3))]);
    }
    const key = (await readFile(home.join('Ada.pub'), 'utf8')).trim();
    const until = 'namespaces="git",valid-before="20250101000000Z"';
    await writeFile(home.join('signers'), `ada@example.org ${until} ${key}\n`);
    await gpg('--output', home.join('ada.gpg'), '--export', ADA);
    signers = {
      allowedSigners: { name: 'signers', content: await readFile(home.join('signers')) },
      keyring: { name: 'ada.gpg', content: await readFile(home.join('ada.gpg')) },
    };
  });
  afterAll(async () => {
    await mustRun('gpgconf', ['--homedir', home.path, '--kill', 'gpg-agent']);
    await home[Symbol.asyncDispose]();
  });

  interface Repository {
    readonly path: string;
    git(kind: Kind, who: string, args: readonly string[], date?: string): Promise<string>;
    read(oid: string): Promise<GitObject>;
    write(type: Type, content: string | Uint8Array): Promise<GitObject>;
    /** What git says of it. */
    judge(object: GitObject, kind: Kind): Promise<boolean>;
  }

  async function repositoryOf(name: string, objectFormat: 'sha1' | 'sha256' = 'sha1'): Promise<Repository> {
    const { path } = await createRepository(home.join(name), [{ message: 'one', files: { a: 'a' } }], {
      objectFormat,
    });
    const git: Repository['git'] = async (kind, who, args, date) =>
      (
        await mustRun('git', ['-C', path, ...settings(kind, who), ...args], { env: environment(date) })
      ).trim();
    const read = async (oid: string): Promise<GitObject> => {
      const type = (await git('ssh', ADA, ['cat-file', '-t', oid])) as Type;
      const text = await mustRun('git', ['-C', path, 'cat-file', type, oid]);
      return { oid, type, content: Buffer.from(text) };
    };
    return {
      path,
      git,
      read,
      async write(type, content) {
        const args = ['-C', path, 'hash-object', '-t', type, '-w', '--stdin', '--literally'];
        const oid = (await mustRun('git', args, { input: content })).trim();
        return { oid, type, content: Buffer.from(content) };
      },
      async judge({ oid, type }, kind) {
        const args = ['-C', path, ...settings(kind, ADA), `verify-${type}`, oid];
        return (await runProcess('git', args, { env: environment() })).code === 0;
      },
    };
  }

  const verdict = async (object: GitObject): Promise<string> => {
    try {
      return (await verifier.verify(object, signers)).by;
    } catch (error) {
      if (isGapferryError(error)) return error.code;
      throw error;
    }
  };
  const by = { ssh: 'git-ssh', openpgp: 'git-openpgp' } as const;

  it.each([
    ['ssh', 'sha1'],
    ['ssh', 'sha256'],
    ['openpgp', 'sha1'],
    ['openpgp', 'sha256'],
  ] as const)(
    'with %s in a %s repository are good for both, and bad for both when they are bent',
    async (kind, format) => {
      const repository = await repositoryOf(`good-${kind}-${format}`, format);
      const git = (...args: readonly string[]): Promise<string> => repository.git(kind, ADA, args);
      await git('commit', '-q', '-S', '--allow-empty', '-m', 'signed\n\nwith ünïcode');
      await git('tag', '-s', '-m', 'first', 'v1');
      await git('tag', '-s', '-m', 'of a tag', 'v1-again', 'v1');
      await git('tag', '-a', '-m', 'not signed itself', 'v1-plain', 'v1');
      await git('checkout', '-q', '-b', 'side', 'HEAD~1');
      await git('merge', '-q', '-S', '--no-ff', '-m', 'merges a signed tag', 'v1');
      const merge = await repository.read(await git('rev-parse', 'HEAD'));
      expect(Buffer.from(merge.content).toString()).toContain('\nmergetag ');
      const named = ['main', 'v1', 'v1-again'].map(async (name) =>
        repository.read(await git('rev-parse', name)),
      );
      for (const object of [merge, ...(await Promise.all(named))]) {
        expect([await verdict(object), await repository.judge(object, kind)]).toEqual([by[kind], true]);
        for (const [from, to] of [
          [/signed|first|of a tag/, 'forged'],
          [/Ada Example/, 'Eve Example'],
          [/12:?00|1717243200/, '1717243201'],
          [/([0-9a-f])(\n)/, '$1 $2'],
        ] as const) {
          const bent = await repository.write(
            object.type,
            Buffer.from(object.content).toString().replace(from, to),
          );
          expect(bent.oid).not.toBe(object.oid);
          expect([await verdict(bent), await repository.judge(bent, kind)], `${object.type} ${from}`).toEqual(
            ['SIGNATURE_INVALID', false],
          );
        }
      }
      const plain = await repository.read(await git('rev-parse', 'v1-plain'));
      expect([await verdict(plain), await repository.judge(plain, kind)]).toEqual([
        'SIGNATURE_MISSING',
        false,
      ]);
    },
  );

  it('by a key that nobody named are unknown to both', async () => {
    const repository = await repositoryOf('foreign');
    await repository.git('ssh', EVE, ['commit', '-q', '-S', '--allow-empty', '-m', 'signed']);
    const commit = await repository.read(await repository.git('ssh', EVE, ['rev-parse', 'HEAD']));
    expect([await verdict(commit), await repository.judge(commit, 'ssh')]).toEqual(['KEY_UNKNOWN', false]);
    await repository.git('openpgp', EVE, ['tag', '-s', '-m', 'signed', 'v1']);
    const tag = await repository.read(await repository.git('openpgp', EVE, ['rev-parse', 'v1']));
    expect(await verdict(tag)).toBe('KEY_UNKNOWN');
    await gpg('--batch', '--yes', '--delete-secret-keys', await fingerprintOf(EVE));
    await gpg('--batch', '--yes', '--delete-keys', await fingerprintOf(EVE));
    expect(await repository.judge(tag, 'openpgp')).toBe(false);
  });

  async function fingerprintOf(who: string): Promise<string> {
    return /^fpr:+([0-9A-F]{40}):/m.exec(await gpg('--list-keys', '--with-colons', who))?.[1] ?? '';
  }

  it('are held against the time that they say, not against now', async () => {
    const repository = await repositoryOf('late');
    const commit = async (date: string): Promise<GitObject> => {
      await repository.git('ssh', ADA, ['commit', '-q', '-S', '--allow-empty', '-m', date], date);
      return repository.read(await repository.git('ssh', ADA, ['rev-parse', 'HEAD']));
    };
    const [inTime, late] = [await commit('2024-12-31T23:59:59Z'), await commit('2025-01-01T00:00:01Z')];
    expect([await verdict(inTime), await repository.judge(inTime, 'ssh')]).toEqual(['git-ssh', true]);
    expect([await verdict(late), await repository.judge(late, 'ssh')]).toEqual(['KEY_UNKNOWN', false]);
  });

  it('are refused where something unsigned was slipped in, also where git looks away', async () => {
    const repository = await repositoryOf('hostile');
    await repository.git('ssh', ADA, ['commit', '-q', '-S', '--allow-empty', '-m', 'signed']);
    await repository.git('ssh', ADA, ['tag', '-s', '-m', 'first', 'v1']);
    const [commit = '', tag = ''] = await Promise.all(
      ['HEAD', 'v1'].map(async (name) => {
        const { content } = await repository.read(await repository.git('ssh', ADA, ['rev-parse', name]));
        return Buffer.from(content).toString();
      }),
    );
    const stories: ReadonlyArray<readonly [type: Type, text: string, git: boolean]> = [
      ['commit', commit.replace('\n\n', '\nx-more header\n\n'), false],
      ['commit', commit.replace('\n\n', '\ngpgsig-more header\n\n'), true],
      ['commit', commit.replace(/(gpgsig [\s\S]*?-----END SSH SIGNATURE-----\n)/, '$1$1'), true],
      ['commit', `${commit}\0hidden`, false],
      ['commit', commit.replace('gpgsig ', 'gpgsig-sha256 '), false],
      ['commit', commit.replace(/\n (?=\S{40})/, '\n'), false],
      ['tag', `${tag}unsigned words\n`, true],
      ['tag', tag.replace('type commit', 'type commit\ntype tree'), false],
      ['tag', tag.slice(0, -20), false],
    ];
    for (const [type, text, git] of stories) {
      const object = await repository.write(type, text);
      const found = await verdict(object);
      expect(['SIGNATURE_INVALID', 'SIGNATURE_MISSING', 'KEY_UNKNOWN'], text).toContain(found);
      expect(await repository.judge(object, 'ssh'), text).toBe(git);
    }
  });
});
