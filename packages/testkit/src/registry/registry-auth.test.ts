import { describe, expect, it } from 'vitest';
import { makeImage } from '../content/image.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

const login = { username: 'ci', password: 'open sesame' } as const;
const basic = { authorization: `Basic ${Buffer.from('ci:open sesame').toString('base64')}` };

describe('basic authentication', () => {
  it('challenges a stranger and lets the right credentials in', async () => {
    await using registry = await startRegistry({ auth: { kind: 'basic', ...login } });
    const stranger = await fetch(`${registry.url}/v2/`);
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect((await fetch(`${registry.url}/v2/`, { headers: basic })).status).toBe(200);
  });

  it('keeps credentials out of its log', async () => {
    await using registry = await startRegistry({ auth: { kind: 'basic', ...login } });
    await fetch(`${registry.url}/v2/?access_token=very-secret`, { headers: basic });
    expect(JSON.stringify(registry.requests)).not.toMatch(/very-secret|b3Blbi|sesame/);
    const odd = { authorization: 'very-secret', cookie: 'session=very-secret' };
    await fetch(`${registry.url}/v2/`, { headers: odd });
    expect(JSON.stringify(registry.requests)).not.toMatch(/very-secret|b3Blbi|sesame/);
    expect(registry.requests[0]?.headers['authorization']).toBe('Basic ***');
  });
});

describe('bearer authentication', () => {
  it('tells where to get a token, and takes it for the scope it was given for', async () => {
    await using registry = await bearerRegistry();
    const asked = await fetch(`${registry.url}/v2/app/tags/list`);
    const challenge = asked.headers.get('www-authenticate') ?? '';
    const realm = /realm="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect(new URL(realm).port).not.toBe(String(registry.port));
    expect(challenge).toContain('scope="repository:app:pull"');
    const token = await tokenFor(challenge, basic);
    expect((await withToken(registry, 'app', token)).status).toBe(200);
    const elsewhere = await withToken(registry, 'secret', token);
    expect(elsewhere.status).toBe(401);
    expect(elsewhere.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(registry.tokenRequests).toHaveLength(1);
  });

  it('does not take a token for pull to push', async () => {
    await using registry = await bearerRegistry();
    const asked = await fetch(`${registry.url}/v2/app/tags/list`);
    const token = await tokenFor(asked.headers.get('www-authenticate') ?? '', basic);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${registry.url}/v2/app/blobs/uploads/`, { method: 'POST', headers });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('scope="repository:app:pull,push"');
  });

  it('does not mount from a repository that the token does not open', async () => {
    await using registry = await bearerRegistry();
    const [config] = (await makeImage()).blobs;
    const url = `${registry.url}/v2/app/blobs/uploads/?mount=${config?.digest}&from=secret`;
    const asked = await fetch(url, { method: 'POST' });
    const token = await tokenFor(asked.headers.get('www-authenticate') ?? '', basic);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(url, { method: 'POST', headers })).status).toBe(202);
  });

  it('refuses a token that has expired', async () => {
    await using registry = await bearerRegistry();
    const asked = await fetch(`${registry.url}/v2/app/tags/list`);
    const token = await tokenFor(asked.headers.get('www-authenticate') ?? '', basic);
    registry.expireTokens();
    const answer = await withToken(registry, 'app', token);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('gives nobody a token without the right credentials, except to pull where anybody may', async () => {
    await using closed = await bearerRegistry();
    await using open = await bearerRegistry(true);
    const closedAsked = await fetch(`${closed.url}/v2/app/tags/list`);
    const refused = await fetch(tokenUrl(closedAsked.headers.get('www-authenticate') ?? ''));
    expect(refused.status).toBe(401);
    const openAsked = await fetch(`${open.url}/v2/app/blobs/uploads/`, { method: 'POST' });
    const token = await tokenFor(openAsked.headers.get('www-authenticate') ?? '', {});
    expect((await withToken(open, 'app', token)).status).toBe(200);
    const headers = { authorization: `Bearer ${token}` };
    const push = await fetch(`${open.url}/v2/app/blobs/uploads/`, { method: 'POST', headers });
    expect(push.status).toBe(401);
  });
});

async function bearerRegistry(anonymousPull: boolean = false): Promise<TestRegistry> {
  const registry = await startRegistry({ auth: { kind: 'bearer', ...login, anonymousPull } });
  for (const name of ['app', 'secret']) registry.seedImage(name, '1', await makeImage());
  return registry;
}

function tokenUrl(challenge: string): string {
  const part = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const query = new URLSearchParams({ service: part('service'), scope: part('scope') });
  return `${part('realm')}?${query}`;
}

async function tokenFor(challenge: string, headers: Record<string, string>): Promise<string> {
  const answer = await fetch(tokenUrl(challenge), { headers });
  return ((await answer.json()) as { token: string }).token;
}

function withToken(registry: TestRegistry, name: string, token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${registry.url}/v2/${name}/tags/list`, { headers });
}
