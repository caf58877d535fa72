import { chmod, writeFile } from 'node:fs/promises';
import type { CredentialsConfig } from '@gapferry/bundle';
import { isGapferryError, type RunEvent } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { registryCredentials } from './registry-credentials.ts';

const HOST = 'registry.plant.example';
let home: TemporaryDirectory;
let events: RunEvent[];
beforeEach(async () => {
  home = await temporaryDirectory();
  events = [];
});
afterEach(() => home.remove());

const told = (
  config: CredentialsConfig,
  env: Readonly<Record<string, string>> = {},
  pair?: string,
): ReturnType<typeof registryCredentials> =>
  registryCredentials(
    {
      target: 'plant',
      host: HOST,
      config,
      env,
      ...(pair !== undefined && { pair }),
      credentialFiles: [home.join('config.json')],
      pathOf: (path) => home.join(path),
    },
    { signal: new AbortController().signal, emit: (event) => events.push(event) },
  );

const PLANT: CredentialsConfig = { from: 'environment', name: 'PLANT' };
const FILE: CredentialsConfig = { from: 'file', path: 'login' };
const robot = { username: 'robot$line-a', password: 'geheim:47$' };

it.each([
  ['two variables', { PLANT_USERNAME: robot.username, PLANT_PASSWORD: robot.password }],
  ['one variable', { PLANT: `${robot.username}:${robot.password}` }],
])('come from %s, for the host of the target and for nobody else', async (_, env) => {
  const credentials = await told(PLANT, env);
  expect(await credentials(HOST)).toEqual(robot);
  expect(await credentials('tokens.plant.example')).toBeUndefined();
});

it('come from a file of one line', async () => {
  await writeFile(home.join('login'), `${robot.username}:${robot.password}\n`, { mode: 0o600 });
  expect(await (await told(FILE))(HOST)).toEqual(robot);
  expect(events).toEqual([]);
});

it('come from a file that others may read, and that is said', async () => {
  await writeFile(home.join('login'), 'a:b');
  await chmod(home.join('login'), 0o644);
  await told(FILE);
  expect(events).toEqual([{ kind: 'warning', message: expect.stringMatching(/others .* chmod 600/) }]);
});

it('come from the Docker config', async () => {
  const auth = Buffer.from('a:b').toString('base64');
  await writeFile(home.join('config.json'), JSON.stringify({ auths: { [HOST]: { auth }, other: { auth } } }));
  const credentials = await told({ from: 'docker' });
  expect(await credentials(HOST)).toEqual({ username: 'a', password: 'b' });
  expect(await credentials('other')).toBeUndefined();
});

it.each<[string, CredentialsConfig, Record<string, string>, RegExp]>([
  ['nothing is set', PLANT, {}, /neither PLANT_USERNAME and PLANT_PASSWORD nor PLANT is set/],
  ['half is set', PLANT, { PLANT_PASSWORD: 's3cret' }, /PLANT_USERNAME is not set/],
  ['there is no colon', PLANT, { PLANT: 's3cret' }, /PLANT is not user:password/],
  ['there is no file', FILE, {}, /login cannot be read: there is no such file/],
])('are missing when %s, and no secret is told', async (_, config, env, expected) => {
  const refused = told(config, env);
  await expect(refused).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(expected) });
  await refused.catch((error: unknown) => {
    expect(isGapferryError(error) && `${error.message}${error.hint}`).not.toContain('s3cret');
  });
});

it.each(['no colon', 'two:lines\nof:it', '', ':x', 'x:'])(
  'are no credentials when the file has %j',
  async (text) => {
    await writeFile(home.join('login'), text, { mode: 0o600 });
    await expect(told(FILE)).rejects.toThrow(/login is not one line user:password$/);
  },
);

it('are called what the kind of target calls them', async () => {
  const refused = told(PLANT, {}, 'access:secret');
  await expect(refused).rejects.toMatchObject({ hint: expect.stringMatching(/ or PLANT to access:secret$/) });
});
