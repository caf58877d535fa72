import { digestOf, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { startHarbor, startHttpServer, textReply } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { createRegistryWriter } from './registry-writer.ts';

const descriptor = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf(Buffer.from('{}')),
  size: 2,
};

/** What becomes of a look at a manifest, and how often it was asked for. */
async function look(
  repository: string,
  status: number,
  words: string,
): Promise<{ error: unknown; asked: number }> {
  await using server = await startHttpServer(() => textReply(status, words));
  const http = createHttpClient({ wait: async () => {} });
  const writer = createRegistryWriter(http, { wait: async () => {} });
  const error = await writer
    .readManifest(`${server.host}/${repository}`, descriptor, quietRun())
    .catch((thrown: unknown) => thrown);
  http.close();
  return { error, asked: server.requests.length };
}

it('a repository named after quotas is not full when its registry has trouble', async () => {
  const { error, asked } = await look('team/quota-exceeded', 503, 'try later');
  expect(error).toMatchObject({ code: 'SERVER_ERROR', origin: 'target' });
  expect(asked).toBe(4);
});

it('a project named after quotas is not full when its registry allows nobody in', async () => {
  const { error } = await look('team/quota', 403, 'denied: you may not pull from team/quota');
  expect(error).toMatchObject({ code: 'FORBIDDEN', origin: 'target' });
});

it.each([
  [500, 'adding 3 MB exceeds the quota of the project'],
  [507, ''],
])('a registry that answers %d and "%s" is full', async (status, words) => {
  const { error } = await look('team/app', status, words);
  expect(error).toMatchObject({ code: 'NO_SPACE', origin: 'target' });
});

it('Harbor answers 401 to a robot that may push and not delete: what it must be allowed is said', async () => {
  const access = [{ resource: 'repository', action: 'push' }];
  const permissions = [{ kind: 'project', namespace: 'line', access }] as const;
  const credentials = { username: 'robot$loader', password: 's3cret' };
  await using harbor = await startHarbor({
    projects: [{ name: 'line' }],
    robots: [{ name: credentials.username, secret: credentials.password, permissions }],
  });
  const http = createHttpClient({ insecure: [harbor.host], credentials: async () => credentials });
  const removed = createRegistryWriter(http).removeManifest(
    `${harbor.host}/line/app`,
    descriptor.digest,
    quietRun(),
  );
  await expect(removed).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
    message: expect.stringContaining('action: delete'),
    hint: expect.stringContaining('must be allowed to delete from line/app'),
  });
  http.close();
});
