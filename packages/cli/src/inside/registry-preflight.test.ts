import { createHttpClient, type HttpClient } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import { type RegistryTarget, registryTarget } from '@gapferry/targets';
import { type RegistryOptions, startRegistry, type TestRegistry } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { imageOf, loadInto, type Surveyed, surveyHost } from '../testing/host-survey.ts';

const clients: HttpClient[] = [];
let registry: TestRegistry;

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await registry.close();
});

async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  registry = await startRegistry(options);
  return registry;
}

function open(password = 'right'): RegistryTarget {
  const http = createHttpClient({
    credentials: async () => ({ username: 'ferry', password }),
    wait: async () => {},
  });
  clients.push(http);
  const writer = createRegistryWriter(http, { wait: async () => {} });
  return registryTarget({ name: 'plant', host: registry.host, registry: writer, path: '{host}/{path}' });
}

const nginx = imageOf('docker.io/library/nginx');
const redis = imageOf('docker.io/library/redis');
const auth = (kind: 'basic' | 'bearer') => ({ kind, username: 'ferry', password: 'right' }) as const;

/** As the importer asks. */
const survey = (target: RegistryTarget, images = [nginx, redis]): Promise<Surveyed> =>
  surveyHost(target, images);

const posts = (): number => registry.requests.filter(({ method }) => method === 'POST').length;
const states = (found: Surveyed): string[] =>
  found.permissions.map(({ action, state }) => `${action} ${state}`);

describe('the permission to push to a registry', () => {
  // A token is asked for after the first answer.
  it.each([
    [undefined, 2],
    ['basic', 2],
    ['bearer', 4],
  ] as const)('is found out once in each repository, and nothing of that stays (%s)', async (kind, begun) => {
    await start(kind === undefined ? {} : { auth: auth(kind) });
    const found = await survey(open());
    expect(states(found)).toEqual(['push probed', 'push probed']);
    expect([found.obstacles, posts(), registry.openUploads]).toEqual([[], begun, 0]);
  });

  it('is not asked for where the release stands already', async () => {
    await start();
    const target = open();
    await survey(target);
    await loadInto(target, [nginx, redis]);
    const before = registry.requests.length;
    expect(await survey(open())).toMatchObject({ permissions: [], obstacles: [] });
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual(['HEAD', 'HEAD']);
  });

  it.each([
    [401, 'UNAUTHORIZED'],
    [403, 'DENIED'],
  ])('that lacks is told for every repository, with what the registry says: %d', async (status, code) => {
    await start();
    registry.addFault({
      match: ({ method }) => method === 'POST',
      do: {
        kind: 'status',
        status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ errors: [{ code, message: 'requested access is denied' }] }),
      },
    });
    const { permissions } = await survey(open());
    expect(permissions).toMatchObject(
      [nginx, redis].map(({ tag }) => ({
        action: 'push',
        on: `${registry.host}/${tag.repository}`,
        state: 'lacking',
        remedy: expect.stringContaining(`${code}: requested access is denied`),
      })),
    );
  });

  it('is unknown where nothing that is begun can be cancelled, and one is begun only', async () => {
    await start();
    registry.addFault({ match: ({ method }) => method === 'DELETE', do: { kind: 'status', status: 403 } });
    const found = await survey(open());
    expect(states(found).toSorted()).toEqual(['push probed', 'push unknown']);
    expect(posts()).toBe(1);
  });

  it('to move a tag shows when it is moved', async () => {
    await start();
    const first = open();
    await survey(first, [nginx]);
    await loadInto(first, [nginx]);
    const other = imageOf('docker.io/library/nginx', 'another');
    expect(states(await survey(open(), [other]))).toEqual(['push probed', 'move tags unknown']);
  });
});

describe('a registry that takes nothing', () => {
  it.each([
    [405, 'is read, and takes nothing now', 'read-only'],
    [503, 'is read, and takes nothing now', 'maintenance'],
    [404, 'there is nobody to keep docker.io/… for', 'make docker.io there'],
    [507, 'has no room', 'raise the quota'],
  ])('is told once: %d', async (status, problem, remedy) => {
    await start();
    registry.addFault({ match: ({ method }) => method === 'POST', do: { kind: 'status', status } });
    const { permissions, obstacles } = await survey(open());
    expect(permissions).toEqual([]);
    expect(obstacles).toEqual([
      {
        on: expect.any(String),
        problem: expect.stringContaining(problem),
        remedy: expect.stringContaining(remedy),
      },
    ]);
  });

  it('is told when it is none at all', async () => {
    await start();
    registry.addFault({ match: () => true, do: { kind: 'status', status: 404 } });
    await expect(survey(open())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('check `url`'),
    });
  });
});

describe('what may not be read', () => {
  it('ends the survey where the credentials are refused for everything', async () => {
    await start({ auth: auth('basic') });
    const refused = survey(open('wrong'));
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
    await expect(refused).rejects.not.toThrow('wrong');
  });

  it('is told with what lacks elsewhere where it is one repository', async () => {
    await start({ quirks: { projects: ['quay.io'] } });
    const { permissions } = await survey(open(), [nginx, imageOf('quay.io/app')]);
    expect(permissions).toMatchObject([
      { action: 'pull', on: `${registry.host}/docker.io/library/nginx`, state: 'lacking' },
      { action: 'push', on: `${registry.host}/quay.io/app`, state: 'probed' },
    ]);
  });
});

it('names that no registry takes are told all at once', async () => {
  await start();
  const bad = ['docker.io/Library/nginx', 'docker.io/x/Redis'].map((name) => imageOf(name));
  await expect(survey(open(), [...bad, nginx])).rejects.toMatchObject({
    code: 'NAME_UNSAFE',
    message: expect.stringMatching(/Library\/nginx.*x\/Redis/),
  });
  expect(registry.requests).toEqual([]);
});
