import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerCredentials } from './docker-credentials.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const login = { username: 'robot', password: 'open:sesame' };
const auth = Buffer.from('robot:open:sesame').toString('base64');

async function credentialsOf(
  config: unknown,
  host: string,
): ReturnType<ReturnType<typeof dockerCredentials>> {
  await writeFile(home.join('config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return dockerCredentials(home.join('config.json'))(host);
}

it.each([
  ['registry.example.org', 'registry.example.org'],
  ['registry.example.org:5000', 'registry.example.org:5000'],
  ['https://registry.example.org/v2/', 'registry.example.org'],
  ['https://index.docker.io/v1/', 'registry-1.docker.io'],
  ['docker.io', 'registry-1.docker.io'],
])('gives what stands under %s to %s', async (key, host) => {
  expect(await credentialsOf({ auths: { [key]: { auth } } }, host)).toEqual(login);
});

it.each(['other.example.org', 'registry.example.org:5000', 'evil-registry.example.org'])(
  'gives nothing to %s',
  async (host) => {
    expect(await credentialsOf({ auths: { 'registry.example.org': { auth } } }, host)).toBeUndefined();
  },
);

it('has none where there is no file', async () => {
  expect(await dockerCredentials(home.join('none', 'config.json'))('registry.example.org')).toBeUndefined();
});

it.each([
  '{"auths": {"a": {"password": hunter2}}}',
  '{"auths": {"a": {"auth": "aHVudGVyMg=="}}}',
  '{"auths"',
])('calls a broken file a mistake of its owner, and quotes nothing of it: %s', async (config) => {
  const asked = credentialsOf(config, 'a');
  await expect(asked).rejects.toMatchObject({ code: 'USAGE' });
  await expect(asked).rejects.not.toThrow(/hunter2|aHVudGVyMg/);
});

describe('an entry', () => {
  it.each([
    ['an identity token', { auth: 'dTo=', identitytoken: 'idt' }, { identityToken: 'idt' }],
    ['a registry token', { identitytoken: 'idt', registrytoken: 'rgt' }, { bearer: 'rgt' }],
    [
      'a padded password',
      { auth: Buffer.from('u:p\0\0').toString('base64') },
      { username: 'u', password: 'p' },
    ],
    ['nothing, as a store leaves it behind', {}, undefined],
  ])('may hold %s', async (_, entry, expected) => {
    expect(await credentialsOf({ auths: { 'registry.example.org': entry } }, 'registry.example.org')).toEqual(
      expected,
    );
  });
});

describe('a key with a path', () => {
  const named = (username: string) => ({ username, password: 'p' });
  const auths = {
    'registry.example.org': named('host'),
    'registry.example.org/team': named('team'),
    'registry.example.org/team/app': named('app'),
    'docker.io/library': named('library'),
    'https://index.docker.io/v1/': named('hub'),
  };

  it.each([
    ['registry.example.org', 'team/app/web', 'app'],
    ['registry.example.org', 'team/app', 'app'],
    ['registry.example.org', 'team/application', 'team'],
    ['registry.example.org', 'teams/app', 'host'],
    ['registry.example.org', undefined, 'host'],
    ['registry-1.docker.io', 'library/nginx', 'library'],
    ['registry-1.docker.io', 'grafana/grafana', 'hub'],
    ['other.example.org', 'team/app', undefined],
  ])('counts for what is below it, the longest first: %s %s', async (host, repository, expected) => {
    await writeFile(home.join('config.json'), JSON.stringify({ auths }));
    const found = await dockerCredentials(home.join('config.json'))(host, repository);
    expect(found && 'username' in found ? found.username : undefined).toBe(expected);
  });
});

it('reads the next file where the first has none', async () => {
  await writeFile(home.join('config.json'), JSON.stringify({ auths: { a: login } }));
  const other = { username: 'other', password: 'p' };
  await writeFile(home.join('auth.json'), JSON.stringify({ auths: { a: other, b: other } }));
  const ask = dockerCredentials([
    home.join('missing.json'),
    home.join('config.json'),
    home.join('auth.json'),
  ]);
  expect([await ask('a'), await ask('b'), await ask('c')]).toEqual([login, other, undefined]);
});

describe('a credential helper', () => {
  /** A helper that writes down how it was called. */
  async function helper(name: string, script: string): Promise<void> {
    await mkdir(home.join('bin'), { recursive: true });
    const file = home.join(`bin/docker-credential-${name}`);
    const log = home.join(`${name}.log`);
    await writeFile(file, `#!/bin/sh\nserver=$(cat)\necho "$* $server" >> '${log}'\n${script}\n`);
    await chmod(file, 0o755);
  }
  const calls = async (name: string): Promise<string[]> =>
    (await readFile(home.join(`${name}.log`), 'utf8')).trimEnd().split('\n');
  const answering = (username: string, secret: string): string =>
    `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`;
  async function asking(config: unknown, timeoutMs = 10_000): Promise<ReturnType<typeof dockerCredentials>> {
    await writeFile(home.join('config.json'), JSON.stringify(config));
    const environment = { PATH: `${home.join('bin')}:/usr/bin:/bin` };
    return dockerCredentials(home.join('config.json'), { environment, timeoutMs });
  }

  it('is asked on its standard input, once per server', async () => {
    await helper('vault', answering('u', 'top secret'));
    const ask = await asking({ credsStore: 'vault' });
    const hosts = ['registry.example.org', 'registry.example.org', 'registry-1.docker.io'];
    expect(await Promise.all(hosts.map((host) => ask(host, 'team/app')))).toEqual(
      hosts.map(() => ({ username: 'u', password: 'top secret' })),
    );
    expect((await calls('vault')).sort()).toEqual([
      'get https://index.docker.io/v1/',
      'get registry.example.org',
    ]);
  });

  it('gives an identity token under the name <token>', async () => {
    await helper('vault', answering('<token>', 'idt'));
    expect(await (await asking({ credHelpers: { r: 'vault' } }))('r')).toEqual({ identityToken: 'idt' });
  });

  it('for one host comes before its entry, and the store for everything after it', async () => {
    await helper('one', answering('one', 's'));
    await helper('all', answering('all', 's'));
    const ask = await asking({ auths: { a: login, b: login }, credHelpers: { a: 'one' }, credsStore: 'all' });
    expect([await ask('a'), await ask('b'), await ask('c')]).toMatchObject([
      { username: 'one' },
      { username: 'robot' },
      { username: 'all' },
    ]);
  });

  it('that has none, or an empty answer, is no error', async () => {
    await helper('none', 'echo "credentials not found in native keychain"; exit 1');
    await helper('empty', answering('', ''));
    const ask = await asking({ credsStore: 'none', credHelpers: { b: 'empty' } });
    expect([await ask('a'), await ask('b')]).toEqual([undefined, undefined]);
  });

  it.each([
    ['fails', 'echo "the vault is locked"; exit 3', /it ended with 3: the vault is locked/],
    ['is ended', 'kill -9 $$', /it ended with SIGKILL/],
    ['fails with its secret in hand', `${answering('u', 'hunter2')}; exit 1`, /it ended with 1$/],
    ['answers no JSON', 'echo hunter2', /its answer is not JSON/],
    ['answers without a secret', `echo '{"Username":"hunter2"}'`, /no user name and secret/],
    ['writes without end', 'yes hunter2', /writes without end/],
  ])('that %s is an error with helper and host, and without what it said', async (_, script, says) => {
    await helper('vault', script);
    const error: Error = await (await asking({ credsStore: 'vault' }))('registry.example.org').then(
      () => expect.fail('no error'),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/docker-credential-vault .* for registry\.example\.org/),
    });
    expect(error.message).toMatch(says);
    expect(JSON.stringify([error, error.message, error.stack])).not.toContain('hunter2');
  });

  it('that does not answer in time is stopped', async () => {
    await helper('vault', 'exec sleep 60');
    const ask = await asking({ credsStore: 'vault' }, 200);
    await expect(ask('r')).rejects.toThrow(/docker-credential-vault did not answer for r: no answer within/);
  });

  it('that is not installed is named', async () => {
    await expect((await asking({ credsStore: 'desktop' }))('r')).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: expect.stringContaining('docker-credential-desktop for r'),
    });
  });

  it.each(['../../bin/sh', 'a b', '-x', 7])('is never a program of another name: %s', async (name) => {
    await expect((await asking({ credsStore: name }))('r')).rejects.toMatchObject({ code: 'USAGE' });
  });
});
