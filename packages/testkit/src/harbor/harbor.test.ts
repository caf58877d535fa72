import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { readContent } from '../content/content.ts';
import { makeImage, type TestImage } from '../content/image.ts';
import { type HarborOptions, startHarbor, type TestHarbor } from './harbor.ts';

const ADMIN = basic('admin', 'Harbor12345');
const PUSHER = {
  name: 'robot$docker.io+loader',
  secret: 's3cret',
  permissions: [
    { kind: 'project', namespace: 'docker.io', access: [{ resource: 'repository', action: 'push' }] },
  ],
} as const;
const ROBOT = basic(PUSHER.name, PUSHER.secret);

function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

interface Asked {
  readonly method?: string;
  readonly who?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function ask(
  { url }: TestHarbor,
  path: string,
  { method = 'GET', who = ADMIN, body, headers }: Asked = {},
): Promise<{ status: number; headers: Headers; json: unknown }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...(who !== '' && { authorization: who }), ...headers },
    ...(body !== undefined && {
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
    }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
}

const api = (path: string): string => `/api/v2.0${path}`;

function putBlob(harbor: TestHarbor, repository: string, bytes: Uint8Array, who = ADMIN) {
  return ask(harbor, `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, {
    method: 'POST',
    who,
    body: bytes,
  });
}

async function putImage(
  harbor: TestHarbor,
  repository: string,
  reference: string,
  image: TestImage,
  who = ADMIN,
) {
  for (const { content } of image.blobs) await putBlob(harbor, repository, await readContent(content), who);
  const headers = { 'content-type': image.root.mediaType };
  return ask(harbor, `/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    who,
    body: image.manifest,
    headers,
  });
}

describe('projects of a Harbor', () => {
  it('are made once, under names that it takes, and found by name', async () => {
    await using harbor = await startHarbor();
    const make = (project_name: string) =>
      ask(harbor, api('/projects'), { method: 'POST', body: { project_name } });
    expect((await make('docker.io')).status).toBe(201);
    expect((await make('docker.io')).status).toBe(409);
    for (const name of ['Upper', 'a--b', 'a:b']) expect((await make(name)).status).toBe(400);
    const head = (name: string) => ask(harbor, api(`/projects?project_name=${name}`), { method: 'HEAD' });
    expect([(await head('docker.io')).status, (await head('nope')).status]).toEqual([200, 404]);
  });

  it('of digits alone are taken for an id in a path', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }, { name: '1' }] });
    const id = harbor.project('1')?.id;
    expect((await ask(harbor, api('/projects/1'))).json).toMatchObject({ name: 'docker.io' });
    expect((await ask(harbor, api(`/projects/${id}`))).json).toMatchObject({ name: '1' });
  });

  it('are hidden from a robot without `project: read` but for the list and HEAD by name', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }], robots: [PUSHER] });
    expect((await ask(harbor, api('/projects/docker.io'), { who: ROBOT })).status).toBe(403);
    expect((await ask(harbor, api('/projects?q=name%3Ddocker.io'), { who: ROBOT })).json).toMatchObject([
      { name: 'docker.io' },
    ]);
    expect(
      (await ask(harbor, api('/projects?project_name=docker.io'), { who: ROBOT, method: 'HEAD' })).status,
    ).toBe(200);
  });

  it('are made by system robots and, where only administrators may, by those alone', async () => {
    const system = {
      ...PUSHER,
      name: 'robot$maker',
      permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'project', action: 'create' }] }],
    } as const;
    await using harbor = await startHarbor({
      creation: 'adminonly',
      robots: [PUSHER, system],
      users: [{ username: 'joe', password: 'x' }],
    });
    const make = (who: string) =>
      ask(harbor, api('/projects'), { method: 'POST', who, body: { project_name: 'quay.io' } });
    for (const who of [ROBOT, basic('joe', 'x')]) expect((await make(who)).status).toBe(403);
    expect((await make(basic('robot$maker', 's3cret'))).status).toBe(201);
  });

  it('tell what the caller may do in them, and null for nothing', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }], robots: [PUSHER] });
    const id = harbor.project('docker.io')?.id;
    const own = await ask(harbor, api(`/users/current/permissions?scope=/project/${id}&relative=true`), {
      who: ROBOT,
    });
    expect(own.json).toContainEqual({ resource: 'repository', action: 'push' });
    expect(
      (await ask(harbor, api('/users/current/permissions?scope=/system'), { who: ROBOT })).json,
    ).toBeNull();
  });
});

describe('robots of a Harbor', () => {
  it('of a project are made and removed by its administrator, and go with it', async () => {
    const joe = basic('joe', 'x');
    await using harbor = await startHarbor({ users: [{ username: 'joe', password: 'x' }], robots: [PUSHER] });
    await ask(harbor, api('/projects'), { method: 'POST', who: joe, body: { project_name: 'mine' } });
    const access = [{ resource: 'repository', action: 'pull' }];
    const make = async (name: string, who = joe) => {
      const permissions = [{ kind: 'project', namespace: 'mine', access }];
      const body = { name, level: 'project', duration: 1, permissions };
      return await ask(harbor, api('/robots'), { method: 'POST', who, body });
    };
    const made = await make('one');
    expect([made.status, (await make('two')).status, (await make('three', ROBOT)).status]).toEqual([
      201, 201, 403,
    ]);
    const { id } = made.json as { id: number };
    expect((await ask(harbor, api(`/robots/${id}`), { method: 'DELETE', who: joe })).status).toBe(200);
    expect(harbor.robot('robot$mine+two')).toBeDefined();
    await ask(harbor, api('/projects/mine'), { method: 'DELETE', who: joe });
    expect([harbor.robot('robot$mine+two'), harbor.robot(PUSHER.name)]).toEqual([
      undefined,
      expect.anything(),
    ]);
  });
});

describe('the registry of a Harbor', () => {
  it('answers 401 with an empty challenge for a missing project, and a token without actions', async () => {
    await using harbor = await startHarbor();
    const head = await ask(harbor, '/v2/nope/app/manifests/1', { method: 'HEAD' });
    expect([head.status, head.headers.get('www-authenticate')]).toEqual([401, '']);
    const token = await ask(
      harbor,
      '/service/token?service=harbor-registry&scope=repository:nope/app:pull,push',
    );
    expect(claims(token.json)).toEqual([{ type: 'repository', name: 'nope/app', actions: [] }]);
  });

  it('sends strangers to its token service, and takes Basic credentials directly', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }] });
    const asked = await ask(harbor, '/v2/', { who: '' });
    expect(asked.headers.get('www-authenticate')).toBe(
      `Bearer realm="${harbor.url}/service/token",service="harbor-registry"`,
    );
    expect((await ask(harbor, '/v2/')).status).toBe(200);
    const { json } = await ask(
      harbor,
      '/service/token?service=harbor-registry&scope=repository:docker.io/x:pull',
    );
    const bearer = `Bearer ${(json as { token: string }).token}`;
    expect((await putBlob(harbor, 'docker.io/x', Buffer.from('abc'), bearer)).status).toBe(201);
    harbor.expireTokens();
    expect((await putBlob(harbor, 'docker.io/x', Buffer.from('def'), bearer)).status).toBe(401);
  });

  it('answers 401, not 403, to a robot without the permission, and to one that is over', async () => {
    const puller = {
      ...PUSHER,
      name: 'robot$puller',
      permissions: [
        { kind: 'project', namespace: '*', access: [{ resource: 'repository', action: 'pull' }] },
      ],
    } as const;
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }], robots: [puller, PUSHER] });
    const refused = await putBlob(harbor, 'docker.io/x', Buffer.from('abc'), basic('robot$puller', 's3cret'));
    expect([refused.status, refused.json]).toMatchObject([
      401,
      { errors: [{ message: expect.stringContaining('action: push') }] },
    ]);
    expect((await putBlob(harbor, 'docker.io/x', Buffer.from('abc'), ROBOT)).status).toBe(201);
    const robot = harbor.robot(PUSHER.name);
    if (robot) robot.expiresAt = 1;
    expect((await ask(harbor, '/v2/', { who: ROBOT })).status).toBe(401);
    const told = await ask(harbor, api('/systeminfo'), { who: ROBOT });
    expect([told.status, told.json]).toEqual([200, expect.not.objectContaining({ read_only: false })]);
    expect((await ask(harbor, api('/users/current/permissions'), { who: ROBOT })).status).toBe(401);
  });

  it('mounts a blob for who may read where it lies, and answers 401 to others', async () => {
    await using harbor = await startHarbor({
      projects: [{ name: 'docker.io' }, { name: 'other' }],
      robots: [PUSHER],
    });
    const bytes = Buffer.from('abc');
    for (const name of ['docker.io/x', 'other/x']) await putBlob(harbor, name, bytes);
    const mount = async (from: string) => {
      const path = `/v2/docker.io/y/blobs/uploads/?mount=${digestOf(bytes)}&from=${from}`;
      return (await ask(harbor, path, { method: 'POST', who: ROBOT })).status;
    };
    expect([await mount('other/x'), await mount('gone/x'), await mount('docker.io/x')]).toEqual([
      401, 401, 201,
    ]);
  });

  it('counts a blob once for its project, and refuses what goes beyond the quota at its PUT', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io', storageLimit: 5 }] });
    expect((await putBlob(harbor, 'docker.io/x', Buffer.from('abc'))).status).toBe(201);
    expect((await putBlob(harbor, 'docker.io/y', Buffer.from('abc'))).status).toBe(201);
    const more = await putBlob(harbor, 'docker.io/x', Buffer.from('def'));
    expect([more.status, more.json]).toMatchObject([
      403,
      { errors: [{ code: 'DENIED', message: expect.stringContaining('configured upper limit') }] },
    ]);
    const { json } = await ask(harbor, api('/projects/docker.io/summary'));
    expect(json).toMatchObject({ quota: { hard: { storage: 5 }, used: { storage: 3 } } });
  });

  it('says {} of the referrers of what it does not have', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }] });
    const { root } = await makeImage();
    const { status, json } = await ask(harbor, `/v2/docker.io/app/referrers/${root.digest}`);
    expect([status, json]).toEqual([200, {}]);
  });

  it('keeps tags that a rule names, also against the same content', async () => {
    await using harbor = await startHarbor({ projects: [{ name: 'docker.io' }] });
    harbor.keepTags('docker.io', 'library/**', 'v*');
    const image = await makeImage();
    expect((await putImage(harbor, 'docker.io/library/app', 'v1', image)).status).toBe(201);
    expect((await putImage(harbor, 'docker.io/library/app', 'v1', image)).status).toBe(412);
    expect((await putImage(harbor, 'docker.io/library/app', 'edge', image)).status).toBe(201);
    expect((await putImage(harbor, 'docker.io/library/app', 'edge', image)).status).toBe(201);
  });

  it('takes nothing for a proxy cache, and nothing at all while it is read-only', async () => {
    await using harbor = await startHarbor({
      projects: [{ name: 'cache', registryId: 3 }, { name: 'plain' }],
    });
    expect((await putBlob(harbor, 'cache/x', Buffer.from('abc'))).status).toBe(405);
    expect((await putBlob(harbor, 'plain/x', Buffer.from('abc'))).status).toBe(201);
    harbor.settings.readOnly = true;
    expect((await putBlob(harbor, 'plain/y', Buffer.from('abc'))).status).toBe(403);
  });
});

describe('artifacts of a Harbor', () => {
  const at = (name: string, reference: string): string =>
    api(`/projects/docker.io/repositories/${name}/artifacts/${reference}`);

  async function start(options: HarborOptions = {}): Promise<{ harbor: TestHarbor; image: TestImage }> {
    const harbor = await startHarbor({ projects: [{ name: 'docker.io' }], ...options });
    const image = await makeImage();
    await putImage(harbor, 'docker.io/library/app', '1', image);
    return { harbor, image };
  }

  it('are found under names that are escaped twice, with what refers to them', async () => {
    const { harbor, image } = await start();
    const signature = await makeImage({
      subject: image.root,
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    });
    await putImage(harbor, 'docker.io/library/app', signature.root.digest, signature);
    expect((await ask(harbor, at('library%2Fapp', '1'))).status).toBe(404);
    expect((await ask(harbor, at('library%252Fapp', '1'))).json).toMatchObject({
      digest: image.root.digest,
      accessories: [{ digest: signature.root.digest, type: 'signature.cosign' }],
    });
    await harbor.close();
  });

  it('are labelled once with each label of their project', async () => {
    const { harbor, image } = await start();
    const project_id = harbor.project('docker.io')?.id;
    const made = await ask(harbor, api('/labels'), {
      method: 'POST',
      body: { name: 'line-a', scope: 'p', project_id },
    });
    const id = Number(made.headers.get('location')?.split('/').at(-1));
    const add = () => ask(harbor, `${at('library%252Fapp', '1')}/labels`, { method: 'POST', body: { id } });
    expect([made.status, (await add()).status, (await add()).status]).toEqual([201, 200, 409]);
    expect(harbor.labelsOf('docker.io/library/app', image.root.digest)).toEqual(['line-a']);
    await harbor.close();
  });

  it('are scanned when somebody asks for it, where there is a scanner', async () => {
    const { harbor } = await start({
      scanner: [{ scan_status: 'Running' }, { scan_status: 'Success', severity: 'High' }],
    });
    const scan = () => ask(harbor, `${at('library%252Fapp', '1')}/scan`, { method: 'POST' });
    const look = async (accept = 'application/vnd.security.vulnerability.report; version=1.1') => {
      const headers = { 'x-accept-vulnerabilities': accept };
      const path = `${at('library%252Fapp', '1')}?with_scan_overview=true`;
      return JSON.stringify((await ask(harbor, path, { headers })).json);
    };
    expect([(await scan()).status, await look(''), await look(), await look()]).toEqual([
      202,
      expect.not.stringContaining('scan_overview'),
      expect.stringContaining('Running'),
      expect.stringContaining('High'),
    ]);
    delete harbor.settings.scanner;
    expect((await scan()).status).toBe(412);
    await harbor.close();
  });
});

function claims(json: unknown): unknown {
  const [, payload = ''] = (json as { token: string }).token.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { access: unknown }).access;
}
