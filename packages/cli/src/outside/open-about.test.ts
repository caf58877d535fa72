import { type BundleConfig, type Lock, parseBundleConfig } from '@gapferry/bundle';
import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { startHttpServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { openAbout } from './open-about.ts';

it('hosts are asked by the API that bundle.yaml names, and what the lock says stays where they do not answer', async () => {
  await using server = await startHttpServer(() => ({ status: 500 }));
  const url = `${server.url}/ops/line-3.git`;
  const about = { description: 'As the lock has it' };
  const lock = { pins: [{ kind: 'git', id: 'git.example/line-3', about }] } as unknown as Lock;
  const configOf = (api: string): BundleConfig =>
    parseBundleConfig(
      `format: gapferry.bundle/1\nname: line\nimages: [nginx]\nhosts: {"${server.host}": {api: ${api}}}\n`,
      'bundle.yaml',
      (text) => text,
    );
  const http = createHttpClient({ wait: async () => {} });
  const ask = async (api: string) =>
    (await openAbout(http, { config: configOf(api), lock }, {})).ask(url, 'git.example/line-3', quietRun());
  expect(await ask('gitea')).toEqual(about);
  expect(server.requests[0]?.url).toBe('/api/v1/repos/ops/line-3');
  const asked = server.requests.length;
  expect(await ask('none')).toBeUndefined();
  expect(server.requests).toHaveLength(asked);
  http.close();
});
