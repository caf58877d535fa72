import { writeFile } from 'node:fs/promises';
import { type GapferryError, type Load, quietRun } from '@gapferry/core';
import { makeFile, makeImage, memoryMedium } from '@gapferry/core/testing';
import { makeTlsIdentity, startHttpServer, startRegistry, type TestServer } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, makePlantSite, type PlantSite, surveyPlant } from '../testing/plant-targets.ts';

const run = quietRun();
const cleanup: Array<() => Promise<void> | void> = [];
let site: PlantSite;
/** Not in any site file. */
let other: TestServer;

beforeEach(async () => {
  site = await makePlantSite();
  other = await startHttpServer(() => ({ status: 200, body: '{}' }));
  cleanup.push(
    () => site.close(),
    () => other.close(),
  );
});
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

function expectRefusal(error: GapferryError, host = other.host): void {
  expect(error.message).toContain('plant');
  expect(error.message).toContain(host);
  expect(`${error.hint}`).toContain('`also` of the target');
  expect(error).toMatchObject({ category: 'transport', retryable: false, origin: 'target' });
  expect(other.requests).toEqual([]);
}

const { content, tag, parts } = makeImage('app');
const IMAGE = [
  { ...content, repository: 'docker.io/line/app', item: 'docker.io/line/app:1.0' },
  { ...tag, repository: 'docker.io/line/app', item: 'docker.io/line/app:1.0' },
] as const;
const FILE = makeFile('v1');
const REPOSITORY: Load = {
  phase: 'name',
  kind: 'git',
  item: 'git.example/line/infra',
  repository: 'git.example/line/infra',
  refs: [{ name: 'refs/heads/main', oid: 'a'.repeat(40) }],
};
const LOGIN = 'credentials: {env: PLANT}';

describe('a redirect to a host that the site file does not name', () => {
  it.each<[string, (url: string) => string, readonly Load[]]>([
    ['registry', (url) => `kind: registry, url: "${url}"`, IMAGE],
    ['Harbor', (url) => `kind: harbor, url: "${url}", ${LOGIN}`, IMAGE],
    ['Quay', (url) => `kind: quay, url: "${url}", ${LOGIN}`, IMAGE],
    [
      'registry of GitLab',
      (url) => `kind: gitlab-registry, url: "${url}", gitlab: "${url}", ${LOGIN}`,
      IMAGE,
    ],
    ['Gitea', (url) => `kind: gitea, url: "${url}", ${LOGIN}`, [REPOSITORY]],
    ['GitLab', (url) => `kind: gitlab, url: "${url}", ${LOGIN}`, [REPOSITORY]],
    ['bucket', (url) => `kind: s3, endpoint: "${url}", bucket: plant, ${LOGIN}`, [FILE.content, FILE.name]],
    ['WebDAV server', (url) => `kind: webdav, url: "${url}/dav/", ${LOGIN}`, [FILE.content, FILE.name]],
  ])('is not followed from a %s, which is told with what to do', async (_, members, loads) => {
    const server = await startHttpServer(({ url }) => ({
      status: 307,
      headers: { location: `${other.url}${url}` },
    }));
    cleanup.push(() => server.close());
    const target = await site.open(members(server.url));
    expectRefusal(await errorOf(() => surveyPlant(target, loads)));
  });

  it('is not followed from an upload, from a blob, or to a token service', async () => {
    const registry = await startRegistry();
    cleanup.push(() => registry.close());
    const target = await site.open(`kind: registry, url: "${registry.url}"`);
    registry.addFault({
      match: ({ method }) => method === 'POST',
      do: { kind: 'status', status: 202, headers: { location: `${other.url}/upload/1` } },
    });
    expectRefusal(await errorOf(() => target.load(IMAGE[0], memoryMedium(parts), run)));
    registry.clearFaults();
    registry.addFault({
      match: ({ path, method }) => method === 'HEAD' && path.includes('/blobs/'),
      do: { kind: 'redirect', to: `${other.url}/blob` },
    });
    expectRefusal(await errorOf(() => target.load(IMAGE[0], memoryMedium(parts), run)));
    registry.clearFaults();
    const realm = `Bearer realm="${other.url}/token",service="x"`;
    registry.addFault({
      match: () => true,
      do: { kind: 'status', status: 401, headers: { 'www-authenticate': realm } },
    });
    expectRefusal(await errorOf(() => surveyPlant(target, IMAGE)));
  });

  it('is not followed to the same host without TLS, or on another port', async () => {
    const identity = await makeTlsIdentity();
    await writeFile(site.home.join('ca.pem'), identity.ca);
    const server = await startHttpServer(
      ({ url }) => ({ status: 307, headers: { location: `${other.url}${url}` } }),
      { tls: identity },
    );
    cleanup.push(() => server.close());
    const target = await site.open(
      `kind: registry, url: "${server.url}", ca: ca.pem, also: ["${other.host}"]`,
    );
    const error = await errorOf(() => surveyPlant(target, IMAGE));
    expect(error.message).toContain('from https to plain HTTP');
    expect(error.message).toContain('plant');
    expect(other.requests).toEqual([]);
  });
});

describe('a host that the site file names beside', () => {
  it('is where a registry may keep its blobs: it is asked, and gets no credentials', async () => {
    const registry = await startRegistry({ auth: { kind: 'basic', username: 'user', password: 'secret' } });
    const store = await startHttpServer(({ method }) => ({
      status: method === 'HEAD' ? 200 : 405,
      headers: { 'content-length': String(sizeOf) },
    }));
    cleanup.push(
      () => registry.close(),
      () => store.close(),
    );
    const blob = IMAGE[0].blobs.find(({ digest }) => digest !== IMAGE[0].root.digest);
    const sizeOf = blob?.size ?? 0;
    const target = await site.open(
      `kind: registry, url: "${registry.url}", ${LOGIN}, also: ["${store.host}"]`,
    );
    await target.load(IMAGE[0], memoryMedium(parts), run);
    registry.addFault({
      match: ({ path, method }) => method === 'HEAD' && path.endsWith(`/blobs/${blob?.digest}`),
      do: { kind: 'redirect', to: `${store.url}/blob` },
    });
    await target.readBack(IMAGE[0], run);
    expect(store.requests.length).toBeGreaterThan(0);
    expect(store.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
  });
});
