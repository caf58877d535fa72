import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QUAY_ADMIN_TOKEN, startQuay, type TestQuay } from './quay.ts';

let quay: TestQuay;

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const ADMIN = basic('admin', 'quay12345');

/** Actions that the token service gives; its status where it gives none. */
async function actions(scope: string, authorization = ADMIN): Promise<readonly string[] | number> {
  const url = `${quay.url}/v2/auth?service=${quay.host}&scope=${encodeURIComponent(scope)}`;
  const answer = await fetch(url, { headers: { authorization } });
  if (answer.status !== 200) return answer.status;
  const { token } = (await answer.json()) as { token: string };
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
    access: ReadonlyArray<{ actions: readonly string[] }>;
  };
  return claims.access[0]?.actions ?? [];
}

async function api(path: string, token: string | undefined, body?: object): Promise<number> {
  const headers = {
    ...(token !== undefined && { authorization: token.includes(' ') ? token : `Bearer ${token}` }),
    'content-type': 'application/json',
  };
  const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) };
  return (await fetch(`${quay.url}/api/v1${path}`, init)).status;
}

beforeEach(async () => {
  quay = await startQuay({
    users: [{ username: 'joe', password: 'sesame47' }],
    tokens: [{ token: 'reader', username: 'admin', scopes: ['repo:read'] }],
    robots: [{ name: 'line+loader', token: 'robot-token' }],
    organizations: [{ name: 'line', members: { 'line+loader': 'creator' } }],
    repositories: ['line/app'],
  });
});
afterEach(() => quay.close());

describe('the token service of Quay', () => {
  it('makes a missing repository for whoever asks to push and may make it, and for nobody else', async () => {
    const robot = basic('line+loader', 'robot-token');
    expect(await actions('repository:line/new:pull', robot)).toEqual([]);
    expect(quay.repository('line/new')).toBeUndefined();
    expect(await actions('repository:line/new:pull,push', basic('joe', 'sesame47'))).toEqual([]);
    expect(quay.repository('line/new')).toBeUndefined();
    expect(await actions('repository:line/new:pull,push', robot)).toEqual(['push', 'pull']);
    expect(quay.repository('line/new')).toMatchObject({ public: false });
  });

  it('refuses a question with another action, a wrong password, and a nested name where they are off', async () => {
    expect(await actions('repository:line/app:pull,push,delete')).toBe(400);
    expect(await actions('repository:line/app:pull', basic('admin', 'wrong'))).toBe(401);
    quay.settings.nestedNames = false;
    expect(await actions('repository:line/a/b:pull')).toBe(400);
  });

  it('takes an access token as a password, within its scopes', async () => {
    expect(await actions('repository:line/app:pull,push', basic('$oauthtoken', 'reader'))).toEqual(['pull']);
  });
});

describe('the API of Quay', () => {
  it('knows nobody but by an access token, and tells everybody whether there is an organization', async () => {
    expect(await api('/organization/line', undefined)).toBe(200);
    expect(await api('/organization/none', undefined)).toBe(404);
    expect(await api('/user/', ADMIN)).toBe(401);
    expect(await api('/user/', 'wrong')).toBe(401);
    expect(await api('/user/', QUAY_ADMIN_TOKEN)).toBe(200);
  });

  it('tells who may not read a repository the same whether it is there or not', async () => {
    expect(await api('/repository/line/app', undefined)).toBe(401);
    expect(await api('/repository/line/none', undefined)).toBe(401);
    expect(await api('/repository/line/none', QUAY_ADMIN_TOKEN)).toBe(404);
  });

  it('makes what the scopes of a token let it, and says 400 to what is there or has no name', async () => {
    expect(await api('/organization/', 'reader', { name: 'edge' })).toBe(403);
    expect(await api('/organization/', QUAY_ADMIN_TOKEN, { name: 'edge' })).toBe(201);
    expect(await api('/organization/', QUAY_ADMIN_TOKEN, { name: 'edge' })).toBe(400);
    expect(await api('/organization/', QUAY_ADMIN_TOKEN, { name: 'a--b' })).toBe(400);
    const wanted = { namespace: 'edge', repository: 'app', visibility: 'private', description: '' };
    expect(await api('/repository', QUAY_ADMIN_TOKEN, wanted)).toBe(201);
    expect(await api('/repository', QUAY_ADMIN_TOKEN, wanted)).toBe(400);
    quay.settings.superusersMakeOrganizations = true;
    quay.tokens.push({ token: 'joes', username: 'joe', scopes: ['user:admin'] });
    expect(await api('/organization/', 'joes', { name: 'joes-own' })).toBe(403);
  });
});

describe('the registry of Quay', () => {
  it('answers 401 to what the token does not allow, 405 while it is read-only, and 403 when the quota is reached', async () => {
    const answer = await fetch(`${quay.url}/v2/line/app/tags/list`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain(`realm="${quay.url}/v2/auth"`);
    const url = `${quay.url}/v2/auth?service=x&scope=repository:line/app:pull,push`;
    const given = (await (await fetch(url, { headers: { authorization: ADMIN } })).json()) as {
      token: string;
    };
    const headers = { authorization: `Bearer ${given.token}` };
    const begin = async (): Promise<number> =>
      (await fetch(`${quay.url}/v2/line/app/blobs/uploads/`, { method: 'POST', headers })).status;
    expect(await begin()).toBe(202);
    const organization = quay.organization('line');
    if (organization) organization.quota = { id: 1, limit: 0 };
    expect(await begin()).toBe(202);
    if (organization) organization.quota = { id: 1, limit: 0, rejectPercent: 100 };
    expect(await begin()).toBe(403);
    quay.settings.readOnly = true;
    expect(await begin()).toBe(405);
  });
});
