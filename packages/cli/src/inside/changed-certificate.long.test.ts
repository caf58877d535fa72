import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import {
  type BlobReader,
  type ContentLoad,
  type GapferryError,
  type NameLoad,
  quietRun,
} from '@gapferry/core';
import { makeFile, makeImage, memoryMedium } from '@gapferry/core/testing';
import {
  makeTlsIdentity,
  startRegistry,
  startWebdavServer,
  type TestServer,
  type TlsIdentity,
} from '@gapferry/testkit';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exitCodeOf } from '../exit-codes.ts';
import { errorOf, makePlantSite, type PlantSite, surveyPlant } from '../testing/plant-targets.ts';

const run = quietRun();
let site: PlantSite;
/** Of two authorities of one name. */
let before: TlsIdentity;
let after: TlsIdentity;

beforeAll(async () => {
  [before, after] = await Promise.all([makeTlsIdentity(), makeTlsIdentity()]);
});
beforeEach(async () => {
  site = await makePlantSite();
});
afterEach(() => site.close());

const image = makeImage('app');
const item = 'docker.io/line/app:1.0';
const repository = 'docker.io/line/app';
const IMAGE = {
  content: { ...image.content, repository, item },
  name: { ...image.tag, repository, item },
  parts: image.parts,
};
const made = makeFile('v1');

interface Loaded {
  readonly content: ContentLoad;
  readonly name: NameLoad;
}

interface Product {
  readonly server: TestServer;
  readonly members: string;
  readonly loads: Loaded;
  readonly medium: () => BlobReader;
  /** Is the name there? */
  readonly isVisible: () => boolean;
}

async function registry(): Promise<Product> {
  const server = await startRegistry({ tls: before });
  return {
    server,
    members: `kind: registry, url: "${server.url}", ca: ca.pem`,
    loads: IMAGE,
    medium: () => memoryMedium(IMAGE.parts),
    isVisible: () => server.tagged('docker.io/line/app', '1.0') !== undefined,
  };
}

async function webdav(): Promise<Product> {
  const server = await startWebdavServer({ tls: before });
  return {
    server,
    members: `kind: webdav, url: "${server.url}/dav/", ca: ca.pem`,
    loads: made,
    medium: () => made.medium,
    isVisible: () => server.requests.some(({ method, status }) => method === 'MOVE' && status < 300),
  };
}

function expectRefusal(error: GapferryError): void {
  const { fingerprint256 } = new X509Certificate(after.cert);
  expect(error.message).toContain('target plant');
  expect(error.message).toContain('its certificate is not trusted');
  expect(error.message).toContain(`the fingerprint ${fingerprint256} (SHA-256)`);
  expect(error.message).toContain('those of this machine, "gapferry testkit authority"');
  expect(error.hint).toContain('`ca` of the target');
  expect(error).toMatchObject({ retryable: false, origin: 'target' });
  expect(exitCodeOf(error)).toBe(6);
}

describe.each([
  ['registry', registry],
  ['WebDAV server', webdav],
])('a %s whose certificate changes', (_, start) => {
  it.each([
    ['between the plan and the import', 0],
    ['in the middle of the import', 2],
  ])(
    '%s is refused with what it presents; nothing has a name, and the next import goes on',
    async (_when, at) => {
      const { server, members, loads, medium, isVisible } = await start();
      await using _server = server;
      await writeFile(site.home.join('ca.pem'), before.ca);
      const target = await site.open(members);
      await surveyPlant(target, [loads.content, loads.name]);
      if (at === 0) server.present(after);
      let writes = 0;
      server.addFault({
        match: ({ method }) => {
          if (method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS') writes += 1;
          // Every connection is gone with it.
          if (at > 0 && writes === at) server.present(after);
          return false;
        },
        do: { kind: 'lostAnswer' },
      });
      expectRefusal(await errorOf(() => target.load(loads.content, medium(), run)));
      expect(isVisible()).toBe(false);
      server.clearFaults();
      await writeFile(site.home.join('ca.pem'), after.ca);
      const again = await site.open(members);
      await surveyPlant(again, [loads.content, loads.name]);
      await again.load(loads.content, medium(), run);
      await again.readBack(loads.content, run);
      await again.load(loads.name, medium(), run);
      expect(isVisible()).toBe(true);
    },
  );
});
