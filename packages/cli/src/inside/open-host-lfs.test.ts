import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import type { GitHostTargetConfig } from '@gapferry/bundle';
import { digestOf, quietRun } from '@gapferry/core';
import {
  type LfsServer,
  memoryBlobStore,
  startLfsServer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from '../environment.ts';
import { openHostLfs } from './open-host-lfs.ts';
import type { Site } from './open-site.ts';

const run = quietRun();
const MODEL = Buffer.from('a model');
const blob = { digest: digestOf(MODEL), size: MODEL.byteLength };
const CREDENTIALS = { username: 'ferry', password: 'Sesam-47' };
let home: TemporaryDirectory;
let server: LfsServer;
let path: string | undefined;

beforeEach(async () => {
  home = await temporaryDirectory();
  await mkdir(home.join('srv'));
  server = await startLfsServer(home.join('srv'), { auth: CREDENTIALS });
  path = process.env['PATH'];
});
afterEach(async () => {
  process.env['PATH'] = path;
  await server.close();
  await home.remove();
});

async function open(more: Partial<GitHostTargetConfig>, address: string) {
  const config: GitHostTargetConfig = {
    name: 'forge',
    kind: 'git',
    url: address,
    path: '{host}/{path}',
    takes: ['git'],
    visibility: 'private',
    insecure: false,
    refs: { force: 'backup', tags: 'keep', prune: false, protected: 'refuse' },
    ...more,
  };
  const site = { pathOf: (file: string) => home.join(file) } as Site;
  const environment = readEnvironment({});
  return await openHostLfs(site, config, address, { environment, env: {}, credentials: CREDENTIALS });
}

async function sends(lfs: Awaited<ReturnType<typeof open>>, repository: string): Promise<void> {
  const medium = memoryBlobStore();
  await medium.add('application/octet-stream', MODEL, run);
  expect(await lfs.missing(repository, [blob], 'git ops/models', run)).toEqual([blob]);
  expect(await lfs.send(repository, [blob], medium, 'git ops/models', run)).toBe(MODEL.byteLength);
  expect(await lfs.missing(repository, [blob], 'git ops/models', run)).toEqual([]);
  expect([...server.objects.keys()]).toEqual([createHash('sha256').update(MODEL).digest('hex')]);
  lfs.close();
}

describe('Git LFS of a Git host', () => {
  it('of Gitea and GitLab is at their web address, also where repositories are pushed over SSH', async () => {
    const address = 'ssh://git@127.0.0.1:2222';
    const lfs = await open({ kind: 'gitlab', url: server.url }, address);
    await sends(lfs, `${address}/line/infra.git`);
  });

  it('of a plain place over HTTP is beside the repository', async () => {
    await sends(await open({}, server.url), `${server.url}/line/infra.git`);
  });

  it('of a plain place over SSH is where the host says, on any of its ports', async () => {
    const authorization = `Basic ${Buffer.from('ferry:Sesam-47').toString('base64')}`;
    const says = { href: `${server.url}/line/infra.git/info/lfs`, header: { Authorization: authorization } };
    await mkdir(home.join('bin'));
    await writeFile(home.join('bin/ssh'), `#!/bin/sh\nprintf %s '${JSON.stringify(says)}'\n`);
    await chmod(home.join('bin/ssh'), 0o755);
    process.env['PATH'] = `${home.join('bin')}:${path}`;
    const address = 'ssh://git@127.0.0.1:2222/srv';
    await sends(await open({}, address), `${address}/line/infra.git`);
  });
});
