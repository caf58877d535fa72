import { createRepository, makeImage, startRegistry, type TestGitRepository } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';

let host: StagingHost;
beforeEach(async () => {
  host = await makeStagingHost();
});
afterEach(() => host.close());

const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: ${image}}]}\n`;
const application = (repoURL: string, chart: string): string =>
  JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: chart },
    spec: { source: { repoURL, chart, targetRevision: '1.2.3' }, destination: { namespace: 'x' } },
  });

async function want(repository: TestGitRepository, more = ''): Promise<void> {
  await host.want(
    `git:\n  - {url: "file://${repository.path}", as: ops/line-a, refs: [main], images: discover}\n${more}`,
  );
}

describe('a Git repository whose images are wished', { timeout: 60_000 }, () => {
  it('brings what its manifests and kustomizations name, and tells what it does not follow', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', await makeImage({ seed: 'app' }));
    registry.seedImage('team/base', '2.0', await makeImage({ seed: 'base' }));
    const repository = await createRepository(host.path('upstream/line-a'), [
      {
        message: 'one',
        files: {
          'plain/pod.yaml': pod(`${registry.host}/team/app:1.0`),
          'base/kustomization.yaml': 'resources: [pod.yaml]\n',
          'base/pod.yaml': pod('base'),
          'overlays/prod/kustomization.yaml': `resources: [../../base]\nimages: [{name: base, newName: ${registry.host}/team/base, newTag: "2.0"}]\n`,
          'apps/redis.yaml': application('https://user@charts.example.org', 'redis'),
        },
      },
    ]);
    await want(repository);
    const collected = JSON.stringify(await host.collect(0));
    for (const text of [
      'team/app:1.0',
      'team/base:2.0',
      'chart redis of https://***@charts.example.org 1.2.3',
    ])
      expect(collected).toContain(text);
    expect(collected).toContain('it has credentials in its URL');
    expect(collected).not.toContain('library/base');
    expect(JSON.stringify(await host.collect(0, ['--locked']))).toContain('unchanged');
  });

  it('brings what charts in it name, with the values of what installs them, and tells what it does not have', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/web', '2.0', await makeImage({ seed: 'web' }));
    const url = `file://${host.path('upstream/line-a')}`;
    const install = (name: string, helm: object): string =>
      JSON.stringify({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name },
        spec: { source: { repoURL: url, path: 'charts/web', targetRevision: 'main', helm } },
      });
    const repository = await createRepository(host.path('upstream/line-a'), [
      {
        message: 'one',
        files: {
          'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
          'charts/web/templates/pod.yaml': pod('{{ .Values.image }}'),
          'apps/web.yaml': install('web', { valuesObject: { image: `${registry.host}/team/web:2.0` } }),
          'apps/far.yaml': install('far', { valueFiles: ['https://values.example.org/far.yaml'] }),
        },
      },
    ]);
    await want(repository);
    const collected = JSON.stringify(await host.collect(0));
    expect(collected).toContain('team/web:2.0');
    expect(collected).toContain('charts/web/templates/pod.yaml');
    expect(collected).toContain('its values file lies at https://values.example.org/far.yaml');
  });

  it('ends the collect when upstream lacks one of them, with the chain', async () => {
    await using registry = await startRegistry();
    const repository = await createRepository(host.path('upstream/line-a'), [
      { message: 'one', files: { 'pod.yaml': pod(`${registry.host}/team/gone:1.0`) } },
    ]);
    await want(repository);
    const { error } = await host.collect(5);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(error?.message).toContain('team/gone:1.0 ← git ops/line-a ← wish "git file://');
    expect(error?.message).toContain('pod.yaml: Pod/x: spec.containers[0].image');
  });
});
