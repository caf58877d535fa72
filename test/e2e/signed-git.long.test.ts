import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitEnvironment,
  isMissing,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const bundle = (path: string, verify: string): string =>
  `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: "file://${path}", refs: [main, "v*"]${verify}}\n`;
const VERIFY = ', verify: {allowedSigners: signers, refs: ["v*"]}';

describe.skipIf(isMissing('ssh-keygen'))('signed tags of a repository', () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let repository: TestGitRepository;
  let machines: TwoMachines;

  const tag = (name: string, key: string): Promise<string> =>
    repository.git(
      ...['-c', 'gpg.format=ssh', '-c', `user.signingkey=${home.join(key)}`],
      ...['tag', '-f', '-s', '-m', name, name],
    );
  const refusedCollect = (...flags: readonly string[]): Promise<Reported> =>
    gapferryJson(machines.outside, ['collect', 'bundles/line-a', ...flags], 4);
  const refusedInside = (command: 'verify' | 'plan' | 'import'): Promise<Reported> => {
    const yes = command === 'import' ? ['--yes'] : [];
    return gapferryJson(machines.inside, [command, machines.stick, '--site', 'site/site.yaml', ...yes], 4);
  };
  const wants = (verify: string): Promise<void> =>
    writeFile(
      join(machines.outside.directory, 'bundles/line-a/bundle.yaml'),
      bundle(repository.path, verify),
    );
  /** A new version of the policy with demands on Git, pinned. */
  const demands = async (version: number, git: string): Promise<void> => {
    const file = join(machines.inside.directory, 'site/trust.yaml');
    const before = (await readFile(file, 'utf8')).replace(/^version: \d+/m, `version: ${version}`);
    const policy = before.replace(/^upstream:[\s\S]*$/m, '');
    await writeFile(file, `${policy}upstream: [{match: "file/**", git: ${git}}]\n`);
    const { fingerprint } = await gapferryJson(machines.inside, [
      'trust',
      'show',
      '--trust',
      'site/trust.yaml',
    ]);
    const { words } = fingerprint as { words: string };
    await gapferryJson(machines.inside, ['trust', 'pin', '--site', 'site/site.yaml', '--fingerprint', words]);
  };

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    for (const key of ['ada', 'eve'])
      await mustRun('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', home.join(key)]);
    repository = await createRepository(home.join('app'), [{ message: 'one', files: { a: 'a' } }]);
    await tag('v1', 'eve');
    machines = await makeTwoMachines({ bundle: bundle(repository.path, VERIFY), environment: {} });
    cleanup.defer(() => machines.close());
    for (const key of ['ada', 'eve']) {
      const line = `${key}@example.org ${await readFile(home.join(`${key}.pub`), 'utf8')}`;
      await writeFile(
        join(machines.outside.directory, 'bundles/line-a', key === 'ada' ? 'signers' : key),
        line,
      );
      await writeFile(join(machines.inside.directory, 'site', key), line);
    }
  });
  afterAll(() => cleanup.disposeAsync());

  it('are checked before anything is sealed, and again by the site’s own policy', async () => {
    expect(await refusedCollect('--first')).toMatchObject({
      error: {
        code: 'KEY_UNKNOWN',
        message: expect.stringMatching(
          /refs\/tags\/v1 \(tag [0-9a-f]{12}\) is signed by the SSH key SHA256:/,
        ),
        hint: expect.stringContaining('add the key to signers'),
      },
    });
    await repository.git('tag', '-f', '-a', '-m', 'plain', 'v1');
    expect(await refusedCollect('--first')).toMatchObject({
      error: { code: 'SIGNATURE_MISSING', message: expect.stringContaining('is not signed') },
    });
    await tag('v1', 'ada');
    expect(await machines.collect('--first')).toMatchObject({ kind: 'sealed' });
    expect(await machines.collect()).toMatchObject({ kind: 'unchanged' });
    await machines.export();
    await demands(2, '{allowedSigners: eve, refs: ["v*"]}');
    for (const command of ['verify', 'plan', 'import'] as const)
      expect(await refusedInside(command)).toMatchObject({
        error: {
          code: 'KEY_UNKNOWN',
          message: expect.stringContaining(
            'git file/app does not meet what the trust policy demands of "file/**"',
          ),
        },
      });
    await demands(3, '{allowedSigners: ada, refs: ["v*"]}');
    await machines.import();
    expect(await machines.reached()).toBe('');
  });

  it('that a release did not bring are asked for outside', async () => {
    await wants('');
    await repository.commit({ message: 'two', files: { a: 'b' } });
    expect(await machines.collect()).toMatchObject({ kind: 'sealed' });
    await machines.export();
    expect(await refusedInside('import')).toMatchObject({
      error: { code: 'SIGNATURE_MISSING', hint: expect.stringContaining('state "verify"') },
    });
  });

  it.skipIf(isMissing('gpg', 'gpgconf'))('may be commits that OpenPGP keys signed', async () => {
    const gpg = (...args: readonly string[]): Promise<string> =>
      mustRun('gpg', ['--homedir', home.path, '--batch', '--yes', '--quiet', ...args]);
    cleanup.defer(
      async () => void (await mustRun('gpgconf', ['--homedir', home.path, '--kill', 'gpg-agent'])),
    );
    await gpg('--passphrase', '', '--quick-gen-key', 'Ada <ada@example.org>', 'ed25519', 'sign', 'never');
    for (const directory of [
      join(machines.outside.directory, 'bundles/line-a'),
      join(machines.inside.directory, 'site'),
    ])
      await gpg('--output', join(directory, 'org.gpg'), '--export');
    const git = ['-C', repository.path, '-c', 'user.signingkey=ada@example.org', 'commit', '-q', '-S'];
    await mustRun('git', [...git, '--allow-empty', '-m', 'signed'], {
      env: { ...gitEnvironment(), GNUPGHOME: home.path },
    });
    await wants(', verify: {keyring: org.gpg, refs: [HEAD]}');
    expect(await machines.collect()).toMatchObject({ kind: 'sealed' });
    await machines.export();
    await demands(4, '{keyring: org.gpg, refs: [main]}');
    const { upstream } = await machines.verify();
    expect(upstream).toMatchObject([
      { item: 'git file/app', checks: [{ by: 'git-openpgp', refs: ['refs/heads/main'] }] },
    ]);
    await machines.import();
  });
});
