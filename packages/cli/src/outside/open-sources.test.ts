import { writeFile } from 'node:fs/promises';
import type { HostConfig } from '@gapferry/bundle';
import { digestOf, quietRun } from '@gapferry/core';
import {
  makeTlsIdentity,
  memoryBlobStore,
  startHttpServer,
  temporaryDirectory,
  textReply,
} from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { readEnvironment } from '../environment.ts';
import { openSources } from './open-sources.ts';

it('a mirror is shown the client certificate that bundle.yaml names for it', async () => {
  const [identity, client] = await Promise.all([makeTlsIdentity(), makeTlsIdentity(['staging.test'])]);
  const options = { tls: identity, clientCa: client.ca };
  await using mirror = await startHttpServer(
    ({ path }) => textReply(path === '/raw/tool' ? 200 : 404, 'tool'),
    options,
  );
  await using home = await temporaryDirectory();
  const { ca, cert, key } = { ca: identity.ca, cert: client.cert, key: client.key };
  for (const [name, pem] of Object.entries({ ca, cert, key }))
    await writeFile(home.join(name), pem, { mode: 0o600 });
  const url = 'https://files.example/tool';
  const wish = { kind: 'file', url, sha256: digestOf('tool'), as: 'tool' } as const;
  const hosts = new Map<string, HostConfig>([
    ['files.example', { mirrors: [`${mirror.host}/raw`] }],
    [mirror.host, { mirrors: [], ca: 'ca', cert: 'cert', key: 'key' }],
  ]);
  const config = { wishes: [wish], insecure: [], hosts } as never;
  const environment = readEnvironment({ HOME: home.path });
  const sources = await openSources(
    environment,
    { config, file: home.join('bundle.yaml') },
    home.join('depot'),
  );
  try {
    const [pin] = (await sources.file?.resolve(wish, quietRun())) ?? [];
    if (pin === undefined) throw new Error('no pin');
    expect(await sources.file?.fetch(pin, memoryBlobStore(), quietRun())).toMatchObject({
      pin: { url },
      root: { digest: wish.sha256 },
    });
  } finally {
    await sources.close();
  }
});

it('a host gets the authority that bundle.yaml names for it, beside bundle.yaml', async () => {
  const identity = await makeTlsIdentity();
  await using server = await startHttpServer(() => textReply(200, 'tool'), { tls: identity });
  await using home = await temporaryDirectory();
  await writeFile(home.join('ca.pem'), identity.ca);
  const environment = readEnvironment({ HOME: home.path });
  const wish = { kind: 'file', url: `${server.url}/tool`, sha256: digestOf('tool'), as: 'tool' } as const;
  const collect = async (hosts: Array<[string, HostConfig]>): Promise<unknown> => {
    const config = { wishes: [], insecure: [], hosts: new Map(hosts) } as never;
    const sources = await openSources(
      environment,
      { config, file: home.join('bundle.yaml') },
      home.join('depot'),
    );
    try {
      const [pin] = (await sources.file?.resolve(wish, quietRun())) ?? [];
      return pin && (await sources.file?.fetch(pin, memoryBlobStore(), quietRun()));
    } finally {
      await sources.close();
    }
  };
  expect(await collect([[server.host, { mirrors: [], ca: 'ca.pem' }]])).toMatchObject({
    root: { digest: wish.sha256 },
  });
  await expect(collect([])).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
