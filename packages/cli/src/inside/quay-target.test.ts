import { digestOf, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import type { QuayOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { imageOf, loadInto, surveyHost } from '../testing/host-survey.ts';
import { type QuayFixture, startQuayFixture } from '../testing/quay-fixture.ts';

const run = quietRun();
const nginx = imageOf('docker.io/library/nginx');
const redis = imageOf('docker.io/library/redis');
const tool = imageOf('quay.example/line/tool');
const ROBOT = { name: 'mirror+loader', token: 'robot-token' };
const AS_ROBOT = { user: ROBOT.name, secret: ROBOT.token };
let fixture: QuayFixture;

async function start(options: QuayOptions = {}): Promise<QuayFixture> {
  fixture = await startQuayFixture(options);
  return fixture;
}

afterEach(() => fixture.close());

const changes = (requests: QuayFixture['quay']['requests']): string[] =>
  requests
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ method, url }) => `${method} ${url}`);

describe('organizations and repositories that are missing', () => {
  it('are planned, made once with what the site says, and found the next time', async () => {
    const { quay, open } = await start();
    const target = open({
      organizations: { create: true, quota: 2 ** 30 },
      repositories: { create: true, public: true },
    });
    const { presences, obstacles, permissions } = await surveyHost(target, [nginx, redis, tool]);
    expect(presences[0]).toMatchObject({
      state: 'absent',
      makes: 'repository docker.io/library/nginx (public) in a new organization docker.io (quota 1 GiB)',
    });
    expect(obstacles).toEqual([]);
    expect(permissions.map(({ action, on, state }) => `${action} ${on}: ${state}`)).toEqual([
      'create organization organization docker.io: unknown',
      'create organization organization quay.example: unknown',
      'create repository repository docker.io/library/nginx: unknown',
      'create repository repository docker.io/library/redis: unknown',
      'create repository repository quay.example/line/tool: unknown',
    ]);
    expect(changes(quay.requests)).toEqual([]);
    expect(quay.repository('docker.io/library/nginx')).toBeUndefined();
    await loadInto(target, [nginx, redis, tool]);
    const made = quay.requests.filter(
      ({ method, url }) => method === 'POST' && /\/(?:organization|repository)\/?$/.test(url),
    );
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(quay.organization('docker.io')?.quota).toMatchObject({ limit: 2 ** 30, rejectPercent: 100 });
    expect(quay.repository('docker.io/library/nginx')).toMatchObject({
      public: true,
      description: 'made by gapferry with line-a 1.4.0 (release 17)',
    });
    expect(quay.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
    const before = quay.requests.length;
    const again = await surveyHost(open(), [nginx, redis, tool]);
    expect(again.presences.map(({ state }) => state)).toEqual(Array(6).fill('same'));
    const asked = quay.requests.slice(before).map(({ url }) => url);
    expect(asked.filter((url) => url.startsWith('/api/'))).toEqual(['/api/v1/user/']);
    expect(quay.openUploads).toBe(0);
  });

  it('are a refusal each where the site does not want them made', async () => {
    const { open } = await start({ organizations: [{ name: 'docker.io' }] });
    const target = open({
      organizations: { create: false },
      repositories: { create: false, public: false },
    });
    const { obstacles } = await surveyHost(target, [nginx, tool]);
    expect(obstacles).toMatchObject([
      { on: 'organization quay.example', remedy: expect.stringContaining('organizations: {create: true}') },
      {
        on: 'repository docker.io/library/nginx',
        remedy: expect.stringContaining('repositories: {create: true}'),
      },
    ]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });

  it('are made although every answer of the first tries is lost', async () => {
    const { quay, open } = await start();
    for (const end of ['/organization/', '/repository'])
      quay.addFault({
        match: ({ method, path }) => method === 'POST' && path.endsWith(end),
        times: 1,
        do: { kind: 'lostAnswer' },
      });
    await loadInto(open(), [nginx]);
    expect(quay.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });

  it('and that Quay does not make are told in its own words', async () => {
    const { open } = await start({ mails: true });
    const target = open();
    await surveyHost(target, [nginx]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      message: expect.stringMatching(
        /: Quay did not make the organization docker\.io at target .*: Email address is required/,
      ),
    });
  });
});

describe('a robot of Quay', () => {
  it('is let into the repositories that the token makes in its organization', async () => {
    const { quay, open } = await start({ organizations: [{ name: 'mirror' }], robots: [ROBOT] });
    const target = open({ ...AS_ROBOT, path: 'mirror/{host}/{path}' });
    const { permissions } = await surveyHost(target, [nginx]);
    expect(permissions).toMatchObject([{ action: 'create repository', state: 'proven' }]);
    await loadInto(target, [nginx]);
    expect(quay.repository('mirror/docker.io/library/nginx')?.permissions.get(ROBOT.name)).toBe('write');
  });

  it('of another organization is told so, with what to do', async () => {
    const { open } = await start({ organizations: [{ name: 'mirror' }], robots: [ROBOT] });
    const { permissions } = await surveyHost(open(AS_ROBOT), [nginx]);
    expect(permissions).toContainEqual(
      expect.objectContaining({
        action: 'push',
        state: 'lacking',
        remedy: expect.stringContaining('path: "mirror/{host}/{path}"'),
      }),
    );
  });

  it('without a token asks for nothing that makes anything, and loads where it may make repositories', async () => {
    const organizations = [{ name: 'mirror', members: { [ROBOT.name]: 'creator' } }] as const;
    const { quay, open } = await start({ organizations, robots: [ROBOT] });
    const target = open({ ...AS_ROBOT, token: 'none', path: 'mirror/{host}/{path}' });
    const { permissions, presences } = await surveyHost(target, [nginx]);
    expect(presences.map(({ state }) => state)).toEqual(['absent', 'absent']);
    expect(permissions).toMatchObject([
      { action: 'push', state: 'unknown', reason: expect.stringContaining('asking to push would make it') },
    ]);
    expect(quay.repository('mirror/docker.io/library/nginx')).toBeUndefined();
    await loadInto(target, [nginx]);
    expect(quay.tagged('mirror/docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });

  it('without a token is told that it can make no organization, and what nobody lets it do', async () => {
    const { open } = await start({ organizations: [{ name: 'mirror' }], robots: [ROBOT] });
    const target = open({ ...AS_ROBOT, token: 'none' });
    const { permissions } = await surveyHost(target, [nginx]);
    expect(permissions).toMatchObject([
      {
        action: 'create organization',
        on: 'organization docker.io',
        state: 'lacking',
        remedy: expect.stringContaining('a robot can make none'),
      },
    ]);
    const inside = open({ ...AS_ROBOT, token: 'none', path: 'mirror/{host}/{path}' });
    await surveyHost(inside, [nginx]);
    await expect(inside.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('or there is none'),
      hint: expect.stringContaining('give the robot mirror+loader the permission Write'),
    });
  });

  it('is told before the first byte where it may only read', async () => {
    const { quay, open } = await start({
      organizations: [{ name: 'mirror' }],
      robots: [ROBOT],
      repositories: ['mirror/docker.io/library/nginx'],
    });
    quay.repository('mirror/docker.io/library/nginx')?.permissions.set(ROBOT.name, 'read');
    const { permissions } = await surveyHost(open({ ...AS_ROBOT, path: 'mirror/{host}/{path}' }), [nginx]);
    expect(permissions).toMatchObject([{ action: 'push', state: 'lacking' }]);
  });
});

describe('what stands in the way at Quay', () => {
  it('is told all at once: names, caches, quotas, states, and a mode that takes nothing', async () => {
    const { quay, open } = await start({
      readOnly: true,
      organizations: [
        { name: 'docker.io', quota: { id: 1, limit: 2000, rejectPercent: 50 } },
        { name: 'quay.example', proxyOf: 'quay.io' },
        { name: 'ghcr.example' },
      ],
      repositories: ['ghcr.example/app'],
    });
    const kept = quay.repository('ghcr.example/app');
    if (kept) kept.state = 'MIRROR';
    const odd = imageOf('a--b.example/x');
    const { obstacles } = await surveyHost(open(), [nginx, tool, imageOf('ghcr.example/app'), odd]);
    expect(obstacles.map(({ problem }) => problem)).toEqual([
      'Quay is in read-only mode',
      expect.stringContaining('"a--b.example" can be no organization of Quay'),
      expect.stringMatching(
        /docker\.io has room for 1000 B of its quota of 1000 B, and 118\.\d KiB are missing/,
      ),
      expect.stringContaining('is a proxy cache of quay.io'),
      expect.stringContaining('mirrors another registry'),
    ]);
  });

  it('is a slash in a name, where the feature is off', async () => {
    const { open } = await start({ nestedNames: false });
    const { obstacles } = await surveyHost(open(), [nginx, redis]);
    expect(obstacles).toMatchObject([
      {
        problem: expect.stringContaining('docker.io/library/nginx (and 1 more)'),
        remedy: expect.stringContaining('FEATURE_EXTENDED_REPOSITORY_NAMES'),
      },
    ]);
  });

  it('is a tag that would move and is kept', async () => {
    const { quay, open } = await start();
    await loadInto(open(), [nginx]);
    quay.repository('docker.io/library/nginx')?.immutable.add('1.0');
    const moved = imageOf('docker.io/library/nginx', 'newer');
    const target = open();
    expect((await surveyHost(target, [moved])).obstacles).toMatchObject([
      { on: 'docker.io/library/nginx:1.0', remedy: expect.stringContaining('immutability policy') },
    ]);
    const medium = memoryMedium(moved.parts);
    await target.load(moved.content, medium, run);
    const name = { ...moved.tag, replaces: { digest: nginx.tag.root.digest } };
    await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });
});

describe('what Quay takes away again', () => {
  it('is warned of: policies, and what has no tag', async () => {
    const { quay, open } = await start({ organizations: [{ name: 'docker.io' }] });
    quay.organization('docker.io')?.prunes.push({ method: 'number_of_tags', value: 5 });
    const { tag: _none, ...untagged } = nginx.tag;
    const { warnings } = await surveyHost(open(), [{ ...nginx, loads: [nginx.content, untagged] }]);
    expect(warnings).toEqual([
      expect.stringContaining('removes tags by itself (auto-prune)'),
      expect.stringContaining('PUSH_TEMP_TAG_EXPIRATION_SEC'),
    ]);
  });

  it('is warned of: an image that says itself when it goes', async () => {
    const config = Buffer.from(JSON.stringify({ config: { Labels: { 'quay.expires-after': '2w' } } }));
    const described = (bytes: Uint8Array, mediaType: string) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: described(config, 'application/vnd.oci.image.config.v1+json'),
        layers: [],
      }),
    );
    const root = described(manifest, MEDIA_TYPES.ociManifest);
    const content = {
      ...nginx.content,
      root,
      blobs: [root, { digest: digestOf(config), size: config.byteLength }],
    };
    const { open } = await start();
    const target = open();
    const warnings: string[] = [];
    const emit = (event: RunEvent): void => void (event.kind === 'warning' && warnings.push(event.message));
    await target.preflight([content], run, memoryMedium([manifest, config]));
    await target.obstacles([content], { ...run, emit });
    expect(warnings).toEqual([
      expect.stringContaining('docker.io/library/nginx:1.0 is labelled quay.expires-after=2w'),
    ]);
  });
});

describe('a Quay that changes while an import runs', () => {
  it('is full in the middle: nothing has a name, and the next import goes on', async () => {
    const { quay, open } = await start({ organizations: [{ name: 'docker.io' }] });
    await loadInto(open(), [redis]);
    const target = open();
    await surveyHost(target, [nginx]);
    const organization = quay.organization('docker.io');
    if (organization) organization.quota = { id: 1, limit: 1, rejectPercent: 100 };
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'NO_SPACE',
      origin: 'target',
    });
    expect(quay.tagged('docker.io/library/nginx', '1.0')).toBeUndefined();
    expect(quay.openUploads).toBe(0);
    if (organization) delete organization.quota;
    await loadInto(open(), [nginx]);
    expect(quay.tagged('docker.io/library/nginx', '1.0')).toBe(nginx.tag.root.digest);
  });

  it.each([
    [
      'is read-only',
      (quay: QuayFixture['quay']) => {
        quay.settings.readOnly = true;
      },
      'read-only mode',
    ],
    [
      'has no such organization any more',
      (quay: QuayFixture['quay']) => quay.removeOrganization('mirror'),
      'the organization mirror is not there',
    ],
    [
      'has another token for the robot',
      (quay: QuayFixture['quay']) => {
        for (const robot of quay.robots) robot.token = 'another';
      },
      'does not take the credentials of mirror+loader any more',
    ],
  ])('%s: that is what is said', async (_, change, words) => {
    const { quay, open } = await start({
      organizations: [{ name: 'mirror' }],
      robots: [ROBOT],
      repositories: ['mirror/docker.io/library/nginx'],
    });
    quay.repository('mirror/docker.io/library/nginx')?.permissions.set(ROBOT.name, 'write');
    const target = open({ ...AS_ROBOT, path: 'mirror/{host}/{path}' });
    await surveyHost(target, [nginx]);
    change(quay);
    quay.expireTokens();
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      message: expect.stringContaining(words),
      hint: expect.stringContaining('import again'),
    });
  });

  it('refuses a blob: the upload is cancelled, though its token service knows of no right to delete', async () => {
    const { quay, open } = await start();
    quay.addFault({
      match: ({ method, path }) =>
        (method === 'PUT' || method === 'PATCH') && path.includes('/blobs/uploads/'),
      do: { kind: 'status', status: 403 },
    });
    const target = open();
    await surveyHost(target, [nginx]);
    await expect(target.load(nginx.content, memoryMedium(nginx.parts), run)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(quay.openUploads).toBe(0);
  });

  it('does not take the credentials, or the token, from the beginning', async () => {
    const { open } = await start({ robots: [ROBOT] });
    await expect(surveyHost(open({ ...AS_ROBOT, secret: 'x' }), [nginx])).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the credentials of mirror+loader'),
    });
    await expect(surveyHost(open({ token: 'wrong' }), [nginx])).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('the access token'),
    });
  });
});
