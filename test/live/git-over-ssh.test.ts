import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { type Sshd, startSshd } from './support/sshd.ts';
import { lacks } from './support/tools.ts';

describe.skipIf(lacks('sshd', 'ssh', 'ssh-keygen'))('Git over SSH from a real sshd', () => {
  let home: TemporaryDirectory;
  let repository: TestGitRepository;
  let sshd: Sshd;
  let host: StagingHost;

  beforeEach(async () => {
    home = await temporaryDirectory();
    repository = await createRepository(home.join('ops/line-a.git'), [
      { message: 'Begin', files: { 'README.md': 'line A\n' }, tags: ['v1.0'] },
      { message: 'Go on', files: { 'README.md': 'line A, twice\n' } },
    ]);
    sshd = await startSshd();
    host = await makeStagingHost(sshd.environment);
    await wantFrom(home.join('ops/line-a.git'));
  });
  afterEach(async () => {
    await host.close();
    await sshd[Symbol.asyncDispose]();
    await home.remove();
  });

  const wantFrom = (path: string): Promise<void> =>
    host.want(`git:\n  - {url: "${sshd.url}${path}", refs: [main, "v*"]}\n`);

  it('brings the refs with the commit ids that git finds at the source', async () => {
    await sshd.trust(sshd.knownHost);
    await host.collect(0);
    const text = await readFile(host.path('depot/releases/line-a/1/manifest.json'), 'utf8');
    const { items } = JSON.parse(text) as {
      items: Array<{ refs: Array<{ name: string; oid: string }>; source: string }>;
    };
    const found = Object.fromEntries((items[0]?.refs ?? []).map(({ name, oid }) => [name, oid]));
    expect(found).toEqual(await repository.refs());
    expect(items[0]?.source).toContain(sshd.url);
  });

  it('takes the key and the known hosts that bundle.yaml names for the host', async () => {
    await sshd.useKey('wrong');
    await writeFile(host.path('known_hosts'), sshd.knownHost);
    await sshd.keyTo(host.path('id_ed25519'));
    const said = (key: string): string =>
      `git:\n  - {url: "${sshd.url}${home.join('ops/line-a.git')}", refs: [main]}\n` +
      `hosts:\n  "127.0.0.1:${sshd.port}": {ssh: {key: ${key}, knownHosts: ../../known_hosts}}\n`;
    await host.want(said('../../missing'));
    expect((await host.collect(6)).error).toMatchObject({ code: 'UNAUTHORIZED' });
    await host.want(said('../../id_ed25519'));
    await host.collect(0);
  });

  it('brings what is new the second time', async () => {
    await sshd.trust(sshd.knownHost);
    await host.collect(0);
    await repository.commit({ message: 'And on', files: { 'more.txt': 'more\n' }, tags: ['v1.1'] });
    expect(await host.collect(0, [])).toMatchObject({ kind: 'sealed', release: { sequence: 2 } });
    const text = await readFile(host.path('depot/releases/line-a/2/manifest.json'), 'utf8');
    const head = await mustRun('git', ['-C', join(home.path, 'ops/line-a.git'), 'rev-parse', 'main']);
    expect(text).toContain(head.trim());
  });

  it('refuses a host that is not in known_hosts, and does not add it', async () => {
    const { error } = await host.collect(6);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'source' });
    expect(error?.hint).toContain('known_hosts');
    expect((await host.collect(6)).error?.code).toBe('UNAUTHORIZED');
  });

  it('refuses a host whose key is another than the known one', async () => {
    const impostor = await startSshd();
    const [, kind, key] = impostor.knownHost.split(' ');
    await impostor[Symbol.asyncDispose]();
    await sshd.trust(`[127.0.0.1]:${sshd.port} ${kind} ${key}`);
    const { error } = await host.collect(6);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'source' });
    expect(error?.hint).toContain('known_hosts');
  });

  it('is refused with a key that the server does not know', async () => {
    await sshd.trust(sshd.knownHost);
    await sshd.useKey('wrong');
    const { error } = await host.collect(6);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'source' });
    expect(error?.hint).toContain('credentials');
  });

  it('has no such repository: incomplete', async () => {
    await sshd.trust(sshd.knownHost);
    await wantFrom(home.join('ops/other.git'));
    const { error } = await host.collect(5);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', origin: 'source' });
    expect(error?.message).toContain('ops/other');
  });
});
