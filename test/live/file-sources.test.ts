import { readFile, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { boto3 } from './support/boto3.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { startMinio } from './support/minio.ts';
import { lacks } from './support/tools.ts';

const TOOL = 'content of the tool\n';

describe.skipIf(lacks('gitea'))('assets of a release at Gitea', { timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let gitea: Gitea;
  let host: StagingHost;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    gitea = cleanup.use(await startGitea());
    const { username, password } = gitea.credentials;
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await writeFile(home.join('config.json'), JSON.stringify({ auths: { [gitea.host]: { auth } } }), {
      mode: 0o600,
    });
    host = await makeStagingHost({ DOCKER_CONFIG: home.path });
    cleanup.defer(() => host.close());
    await gitea.api('POST', '/orgs/plant/repos', {
      name: 'edge',
      auto_init: true,
      default_branch: 'main',
      private: true,
    });
    for (const tag of ['v1.2.0', 'v1.10.0', 'v2.0.0-rc.1'])
      await publish(tag, { 'edge-amd64': `${TOOL}${tag}`, 'notes.txt': 'notes' }, tag.includes('-'));
  });
  afterAll(() => cleanup.disposeAsync());

  async function publish(
    tag: string,
    assets: Readonly<Record<string, string>>,
    prerelease: boolean,
  ): Promise<void> {
    const made = (await gitea.api('POST', '/repos/plant/edge/releases', {
      tag_name: tag,
      name: tag,
      prerelease,
    })) as {
      id: number;
    };
    for (const [name, text] of Object.entries(assets)) {
      const form = new FormData();
      form.append('attachment', new Blob([text]), name);
      const { username, password } = gitea.credentials;
      const answer = await fetch(
        `http://${gitea.host}/api/v1/repos/plant/edge/releases/${made.id}/assets?name=${name}`,
        {
          method: 'POST',
          body: form,
          headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
        },
      );
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    }
  }

  it('are found by a range of versions, fetched with a token, and are unchanged on the next day', async () => {
    await host.want(
      `hosts: {"${gitea.host}": {api: gitea}}\nfiles:\n  - release: {url: "http://${gitea.host}/plant/edge", version: ^1, assets: ["edge-*"]}\n    as: "edge/{version}/{name}"\n    check: first-seen\n`,
    );
    expect(await host.collect(0, ['--first', '--version', '1.0.0'])).toMatchObject({
      kind: 'sealed',
      items: [{ id: 'edge/1.10.0/edge-amd64' }],
    });
    const lock = JSON.parse(await readLock(host));
    expect(lock.pins).toMatchObject([{ version: '1.10.0', sha256: digestOf(`${TOOL}v1.10.0`) }]);
    expect(await host.collect(0, ['--locked'])).toMatchObject({ kind: 'unchanged' });
    await publish('v1.11.0', { 'edge-amd64': 'new' }, false);
    expect(await host.collect(0, ['--version', '1.1.0'])).toMatchObject({
      kind: 'sealed',
      items: [{ id: 'edge/1.11.0/edge-amd64' }],
    });
  });

  it('come from a private repository to who has nothing but a token that may read it', async () => {
    await publish('v3.0.0', { 'edge-amd64': TOOL, SUMS: `${digestOf(TOOL).slice(7)}  edge-amd64\n` }, false);
    const withToken = async (token: string): Promise<Record<string, string>> => {
      const auth = Buffer.from(`robot:${token}`).toString('base64');
      const config = JSON.stringify({ auths: { [gitea.host]: { auth } } });
      await writeFile(host.path('config.json'), config, { mode: 0o600 });
      return { DOCKER_CONFIG: host.path('.') };
    };
    await host.want(
      `hosts: {"${gitea.host}": {api: gitea}}\nfiles:\n  - release: {url: "http://${gitea.host}/plant/edge", version: ^3, assets: ["edge-*"]}\n    as: "edge/{version}/{name}"\n    checksums: {asset: SUMS}\n`,
    );
    const refused = await host.collect(6, ['--version', '3.0.0'], await withToken('0'.repeat(40)));
    expect(refused.error).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(
      await host.collect(0, ['--version', '3.0.0'], await withToken(gitea.credentials.password)),
    ).toMatchObject({
      kind: 'sealed',
      items: [{ id: 'edge/3.0.0/edge-amd64' }],
    });
    expect(await readLock(host)).not.toContain(gitea.credentials.password);
    expect(JSON.parse(await readLock(host)).pins).toMatchObject([{ sha256: digestOf(TOOL) }]);
  });
});

describe.skipIf(lacks('minio', 'boto3'))('objects of a bucket at MinIO', { timeout: 120_000 }, () => {
  it('are what boto3 put there, in a version and the latest, and read again only when they changed', async () => {
    await using minio = await startMinio();
    await using home = await temporaryDirectory();
    const auth = Buffer.from(`${minio.accessKey}:${minio.secretKey}`).toString('base64');
    await writeFile(home.join('config.json'), JSON.stringify({ auths: { [minio.host]: { auth } } }), {
      mode: 0o600,
    });
    const host = await makeStagingHost({ DOCKER_CONFIG: home.path });
    const put = (text: string): Promise<string> =>
      boto3(
        minio,
        `answer(s3.put_object(Bucket='models', Key='a b/tööl+1.bin', Body=${JSON.stringify(text)}.encode())['VersionId'])`,
      );
    try {
      await boto3(
        minio,
        `
s3.create_bucket(Bucket='models')
s3.put_bucket_versioning(Bucket='models', VersioningConfiguration={'Status': 'Enabled'})
answer('made')`,
      );
      const first = await put('v1');
      await put('v2');
      const place = (more = ''): string =>
        `s3: {endpoint: "${minio.url}", bucket: models, key: "a b/tööl+1.bin"${more}}`;
      await host.want(
        `files:\n  - {s3: {endpoint: "${minio.url}", bucket: models, prefix: "a b"}, as: all, check: first-seen}\n  - {${place(`, version: "${first}"`)}, as: old, check: first-seen}\n  - {${place()}, as: new, check: first-seen}\n`,
      );
      await host.collect(0, ['--first', '--version', '1.0.0']);
      const lock = JSON.parse(await readLock(host));
      const files = [{ digest: digestOf('v2'), path: 'tööl+1.bin', size: 2 }];
      expect(lock.pins).toMatchObject([
        { id: 'all/', url: `${minio.url}/models/a%20b/`, files: digestOf(JSON.stringify(files)) },
        { id: 'new', sha256: digestOf('v2'), size: 2 },
        { id: 'old', sha256: digestOf('v1'), size: 2 },
      ]);
      expect(await host.collect(0, [])).toMatchObject({ kind: 'unchanged' });
      await put('v3');
      const { error } = await host.collect(4, []);
      expect(error?.message).toContain(digestOf('v3'));
      const denied = await host.collect(6, [], { DOCKER_CONFIG: host.path('nowhere') });
      expect(denied.error).toMatchObject({ code: 'FORBIDDEN' });
    } finally {
      await host.close();
    }
  });
});

function readLock(host: StagingHost): Promise<string> {
  return readFile(host.path('bundles/line-a/bundle.lock.json'), 'utf8');
}
