import { writeFile } from 'node:fs/promises';
import type { HostConfig } from '@gapferry/bundle';
import { digestOf, quietRun } from '@gapferry/core';
import {
  makeTlsIdentity,
  memoryBlobStore,
  startHttpServer,
  type TemporaryDirectory,
  temporaryDirectory,
  textReply,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEnvironment } from '../environment.ts';
import { openSources } from './open-sources.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

/** Resolves and fetches a file as a bundle in `home` with these hosts would. */
async function collect(url: string, hosts: Record<string, Partial<HostConfig>>) {
  const all = Object.entries(hosts).map(([host, said]) => [host, { mirrors: [], ...said }] as const);
  const wish = { kind: 'file', url, sha256: digestOf('tool'), as: 'tool' } as const;
  const config = { wishes: [wish], insecure: [], hosts: new Map(all) } as never;
  const environment = readEnvironment({ HOME: home.path });
  const bundle = { config, file: home.join('bundle.yaml') };
  const sources = await openSources(environment, bundle, home.join('depot'));
  try {
    const [pin] = (await sources.file?.resolve(wish, quietRun())) ?? [];
    return pin && (await sources.file?.fetch(pin, memoryBlobStore(), quietRun()));
  } finally {
    await sources.close();
  }
}

it('a mirror is shown the client certificate that bundle.yaml names for it', async () => {
  const [identity, client] = await Promise.all([makeTlsIdentity(), makeTlsIdentity(['staging.test'])]);
  await using mirror = await startHttpServer(
    ({ path }) => textReply(path === '/raw/tool' ? 200 : 404, 'tool'),
    { tls: identity, clientCa: client.ca },
  );
  const files = { ca: identity.ca, cert: client.cert, key: client.key };
  for (const [name, pem] of Object.entries(files)) await writeFile(home.join(name), pem, { mode: 0o600 });
  const url = 'https://files.example/tool';
  const hosts = {
    'files.example': { mirrors: [`${mirror.host}/raw`] },
    [mirror.host]: { ca: 'ca', cert: 'cert', key: 'key' },
  };
  expect(await collect(url, hosts)).toMatchObject({ pin: { url }, root: { digest: digestOf('tool') } });
});

it('a host gets the authority that bundle.yaml names for it, beside bundle.yaml', async () => {
  const identity = await makeTlsIdentity();
  await using server = await startHttpServer(() => textReply(200, 'tool'), { tls: identity });
  await writeFile(home.join('ca.pem'), identity.ca);
  const url = `${server.url}/tool`;
  expect(await collect(url, { [server.host]: { ca: 'ca.pem' } })).toMatchObject({
    root: { digest: digestOf('tool') },
  });
  await expect(collect(url, {})).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
