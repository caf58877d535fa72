import { writeFile } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dockerCredentials } from './docker-credentials.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const login = { username: 'robot', password: 'open:sesame' };
const auth = Buffer.from('robot:open:sesame').toString('base64');

async function credentialsOf(
  config: unknown,
  host: string,
): ReturnType<ReturnType<typeof dockerCredentials>> {
  await writeFile(home.join('config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return dockerCredentials(home.join('config.json'))(host);
}

it.each([
  ['registry.example.org', 'registry.example.org'],
  ['registry.example.org:5000', 'registry.example.org:5000'],
  ['https://registry.example.org/v2/', 'registry.example.org'],
  ['https://index.docker.io/v1/', 'registry-1.docker.io'],
  ['docker.io', 'registry-1.docker.io'],
])('gives what stands under %s to %s', async (key, host) => {
  expect(await credentialsOf({ auths: { [key]: { auth } } }, host)).toEqual(login);
});

it.each(['other.example.org', 'registry.example.org:5000', 'evil-registry.example.org'])(
  'gives nothing to %s',
  async (host) => {
    expect(await credentialsOf({ auths: { 'registry.example.org': { auth } } }, host)).toBeUndefined();
  },
);

it('has none where there is no file', async () => {
  expect(await dockerCredentials(home.join('none', 'config.json'))('registry.example.org')).toBeUndefined();
});

it.each([
  '{"auths": {"a": {"password": hunter2}}}',
  '{"auths": {"a": {"auth": "aHVudGVyMg=="}}}',
  '{"auths"',
])('calls a broken file a mistake of its owner, and quotes nothing of it: %s', async (config) => {
  const asked = credentialsOf(config, 'a');
  await expect(asked).rejects.toMatchObject({ code: 'USAGE' });
  await expect(asked).rejects.not.toThrow(/hunter2|aHVudGVyMg/);
});
