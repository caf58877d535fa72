import { expect, it } from 'vitest';
import { createRepository, gitEnvironment } from '../git/git-repository.ts';
import { runProcess } from '../process/run-process.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { startGiteaFake } from './gitea.ts';
import { startGitlabFake } from './gitlab.ts';

const credentials = { username: 'ferry', password: 'token-4711' };
const JSON_TYPE = { 'content-type': 'application/json' };

it('Gitea makes repositories in organisations that are there, once, and refuses what a rule forbids', async () => {
  await using home = await temporaryDirectory();
  await using gitea = await startGiteaFake({ directory: home.join('srv'), credentials });
  const authorization = `Basic ${Buffer.from('ferry:token-4711').toString('base64')}`;
  const ask = async (method: string, path: string, body?: unknown): Promise<number> => {
    const init = {
      method,
      headers: { authorization, ...JSON_TYPE },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    return (await fetch(`${gitea.url}/api/v1${path}`, init)).status;
  };
  expect(await ask('POST', '/orgs/line/repos', { name: 'infra' })).toBe(403);
  expect(await ask('POST', '/orgs', { username: 'a--b' })).toBe(422);
  expect(await ask('POST', '/orgs', { username: 'line' })).toBe(201);
  expect(await ask('POST', '/orgs/line/repos', { name: 'infra.git' })).toBe(422);
  expect(await ask('POST', '/orgs/line/repos', { name: 'infra' })).toBe(201);
  expect(await ask('POST', '/orgs/line/repos', { name: 'Infra' })).toBe(409);
  expect(await ask('GET', '/repos/line/other')).toBe(404);
  expect(await ask('PUT', '/repos/line/infra')).toBe(405);
  expect((await fetch(`${gitea.url}/api/v1/user`)).status).toBe(401);
  const source = await createRepository(home.join('source'), [{ message: 'One' }, { message: 'Two' }]);
  const push = async (...refs: readonly string[]): Promise<string> => {
    const url = `http://ferry:token-4711@${gitea.host}/line/infra.git`;
    const { code, stderr } = await runProcess('git', ['push', '-q', url, ...refs], {
      cwd: source.path,
      env: gitEnvironment(),
    });
    return code === 0 ? 'taken' : stderr;
  };
  expect(await push('main~1:refs/heads/main')).toBe('taken');
  await ask('POST', '/repos/line/infra/branch_protections', { rule_name: 'main', enable_push: true });
  expect(await push('main')).toBe('taken');
  expect(await push('+main~1:refs/heads/main')).toContain('protected branch main');
  expect(await push(':refs/heads/main')).toContain('protected branch main');
  gitea.repository('line/infra').archived = true;
  expect(await push('main:refs/heads/next')).toContain('403');
});

it('GitLab nests groups, keeps visibility within them, and protects the first branch', async () => {
  await using home = await temporaryDirectory();
  await using gitlab = await startGitlabFake({ directory: home.join('srv'), credentials });
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; value: Record<string, unknown> }> => {
    const headers = { 'private-token': credentials.password, ...JSON_TYPE };
    const answer = await fetch(`${gitlab.url}/api/v4${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, value: (await answer.json()) as Record<string, unknown> };
  };
  const top = await ask('POST', '/groups', { name: 'plant', path: 'plant', visibility: 'private' });
  expect(top.status).toBe(201);
  expect((await ask('POST', '/groups', { name: 'plant', path: 'plant' })).status).toBe(400);
  const below = { name: 'line', path: 'line', parent_id: top.value['id'] };
  expect((await ask('POST', '/groups', { ...below, visibility: 'public' })).status).toBe(400);
  const group = await ask('POST', '/groups', below);
  expect((await ask('GET', '/groups/plant%2Fline')).value).toMatchObject({ full_path: 'plant/line' });
  const project = { name: 'infra', path: 'infra', namespace_id: group.value['id'] };
  expect((await ask('POST', '/projects', { ...project, visibility: 'internal' })).status).toBe(400);
  expect((await ask('POST', '/projects', project)).status).toBe(201);
  const source = await createRepository(home.join('source'), [{ message: 'One' }, { message: 'Two' }]);
  const push = (...refs: readonly string[]): ReturnType<typeof runProcess> =>
    runProcess(
      'git',
      ['push', '-q', `http://ferry:token-4711@${gitlab.host}/plant/line/infra.git`, ...refs],
      {
        cwd: source.path,
        env: gitEnvironment(),
      },
    );
  expect((await push('main')).code).toBe(0);
  expect((await push('+main~1:refs/heads/main')).stderr).toContain('not allowed to force push');
  const rule = '/projects/plant%2Fline%2Finfra/protected_branches/main';
  expect((await ask('PATCH', rule, { allow_force_push: true })).status).toBe(200);
  expect((await push('+main~1:refs/heads/main')).code).toBe(0);
  expect((await ask('PUT', '/projects/plant%2Fline%2Finfra', { default_branch: 'next' })).status).toBe(400);
});
