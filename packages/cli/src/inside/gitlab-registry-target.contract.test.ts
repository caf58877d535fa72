import { describeTarget, type TargetFixture } from '@gapferry/core/testing';
import { GITLAB_USER, startGitlabRegistryFixture } from '../testing/gitlab-registry-fixture.ts';
import { spoilRegistry } from '../testing/spoil-registry.ts';

describeTarget('the registry of a GitLab', makeFixture);

async function makeFixture(): Promise<TargetFixture> {
  const { registry, open, close } = await startGitlabRegistryFixture();
  const make = async (what: string, body: object): Promise<number> => {
    const headers = { authorization: `Bearer ${GITLAB_USER.password}`, 'content-type': 'application/json' };
    const url = `${registry.gitlab.url}/api/v4/${what}`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return ((await answer.json()) as { id: number }).id;
  };
  const namespace_id = await make('groups', { name: 'mirror', path: 'mirror' });
  await make('projects', { name: 'registry.example', path: 'registry.example', namespace_id });
  return {
    target: open({ path: 'mirror/{host}/{path}', projectParts: 2 }),
    files: false,
    readsBack: 'manifests',
    spoil: spoilRegistry(registry, 'mirror/registry.example/line/app'),
    close,
  };
}
