import { join } from 'node:path';
import { quietRun } from '@gapferry/core';
import { gitPusher } from '@gapferry/git';
import { createHttpClient } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import {
  createRepository,
  gitEnvironment,
  makeArtifact,
  makeImage,
  mustRun,
  temporaryDirectory,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { startDistribution } from './support/distribution.ts';
import { startGitea } from './support/gitea.ts';
import { pushImage } from './support/push-image.ts';
import { lacks } from './support/tools.ts';

const run = quietRun();

describe.skipIf(lacks('distribution-3'))('distribution 3, which has no referrers API', () => {
  it('loses what was deleted off the list of its subject, and the list with the last of it', async () => {
    await using hub = await startDistribution({ version: '3' });
    const http = createHttpClient({});
    const writer = createRegistryWriter(http);
    const repository = `${hub.host}/line-a/app`;
    const image = await makeImage();
    await pushImage(writer, repository, '1.0', image);
    const attached = ['ours', 'theirs'].map((bytes) =>
      makeArtifact({
        configType: 'application/vnd.oci.empty.v1+json',
        layers: [{ mediaType: 'text/plain', bytes }],
        subject: image.root,
      }),
    );
    for (const one of attached) await pushImage(writer, repository, undefined, one);
    const tag = image.root.digest.replace(':', '-');
    const listed = async (): Promise<string[]> =>
      (await writer.referrers(repository, image.root.digest, run)).map(({ digest }) => digest);
    const digests = attached.map(({ root }) => root.digest);
    expect(await listed()).toEqual(digests);
    for (const [i, digest] of digests.entries()) {
      expect(await writer.removeManifest(repository, digest, run)).toBe('removed');
      expect(await writer.unlistReferrers(repository, image.root.digest, [digest], run)).toBe('removed');
      expect(await listed()).toEqual(digests.slice(i + 1));
    }
    expect(await writer.tags(repository, run)).toEqual(['1.0']);
    expect(await writer.manifest(repository, tag, run)).toBeUndefined();
    http.close();
  });
});

describe.skipIf(lacks('gitea'))('a Gitea', () => {
  it('lets refs of ours go from what stands there, and not from anything else', async () => {
    await using gitea = await startGitea();
    await using home = await temporaryDirectory();
    const upstream = await createRepository(home.join('line-a'), [
      { message: 'Begin', files: { a: 'a\n' } },
      { message: 'Go on', files: { a: 'b\n' } },
    ]);
    await gitea.api('POST', `/orgs/${gitea.organisation}/repos`, { name: 'line-a' });
    const url = `http://${gitea.host}/${gitea.organisation}/line-a.git`;
    const { username, password } = gitea.credentials;
    const backup = 'refs/gapferry/backup/2/heads/main';
    const login = url.replace('://', `://${username}:${password}@`);
    await mustRun('git', ['-C', home.join('line-a'), 'push', '-q', login, 'main', `main~1:${backup}`], {
      env: gitEnvironment(),
    });
    const remotes = gitPusher({
      workDirectory: join(home.path, 'work'),
      credentials: async () => ({ username, password }),
    });
    const refs = async (): Promise<Record<string, string>> =>
      Object.fromEntries(((await remotes.list(url, run))?.refs ?? []).map(({ name, oid }) => [name, oid]));
    const main = (await upstream.refs())['refs/heads/main'] ?? '';
    const { [backup]: kept = '' } = await refs();
    await expect(remotes.remove(url, [{ name: backup, oid: main }], run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
    expect(await refs()).toEqual({ 'refs/heads/main': main, [backup]: kept });
    await remotes.remove(url, [{ name: backup, oid: kept }], run);
    expect(await refs()).toEqual({ 'refs/heads/main': main });
  });
});
