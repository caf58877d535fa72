import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { type GitWish, quietRun } from '@gapferry/core';
import {
  createRepository,
  gitServerMissing,
  makeTlsIdentity,
  memoryBlobStore,
  startGitServer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RemoteAccess, type RemoteSurroundings, remoteSurroundings } from './git-remote.ts';
import { type GitSourceOptions, gitSource } from './git-source.ts';
import { createGit } from './git-tool.ts';

let directory: TemporaryDirectory;
const store = memoryBlobStore();
const run = quietRun();
const noServer = gitServerMissing();
if (noServer !== undefined) process.stderr.write(`skipped: ${noServer}\n`);
/** A server that wants a certificate says so after the client believes in the connection, or hangs up. */
const REFUSED = expect.stringMatching(/^(?:UNREACHABLE|CONNECTION_CUT)$/);

beforeEach(async () => {
  directory = await temporaryDirectory();
  await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1.0'] },
  ]);
});
afterEach(() => directory.remove());

const source = (options: Partial<GitSourceOptions> = {}) =>
  gitSource({ workDirectory: directory.join('work'), wait: async () => {}, ...options });
const wish = (refs: readonly string[], url: string): GitWish => ({ kind: 'git', url, refs });

async function only<T>(pins: Promise<readonly T[]>): Promise<T> {
  const [pin, ...more] = await pins;
  if (pin === undefined || more.length > 0) throw new Error('expected one pin');
  return pin;
}

describe('the authorities that git is told of', () => {
  const surroundings = () =>
    remoteSurroundings('https://git.example/a', { ca: 'MINE' }, directory.join('work'));
  const fileOf = ({ settings }: RemoteSurroundings): string =>
    settings.find(([name]) => name === 'http.sslCAInfo')?.[1] ?? '';

  it('are one whole file for all repositories that are asked at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, surroundings));
    const files = new Set(all.map(fileOf));
    expect(files.size).toBe(1);
    const [file = ''] = files;
    expect(await readFile(file, 'latin1')).toMatch(/^MINE\n-----BEGIN CERTIFICATE-----\n/);
    expect(await readdir(directory.join('work'))).toEqual([basename(file)]);
  });

  it('are written again where half of them is there', async () => {
    const file = fileOf(await surroundings());
    const { size } = await stat(file);
    await truncate(file, 10);
    await surroundings();
    expect((await stat(file)).size).toBe(size);
  });
});

describe.skipIf(noServer !== undefined)('a repository over HTTP', () => {
  it('connects to another place when told so', async () => {
    await using server = await startGitServer(directory.join('srv'));
    const connectTo = new Map([['git.example.org:80', server.host]]);
    const pin = await only(source({ connectTo }).resolve(wish([], 'http://git.example.org/line-a'), run));
    expect(pin).toMatchObject({ id: 'git.example.org/line-a', url: 'http://git.example.org/line-a' });
    await expect(source({ connectTo }).fetch(pin, store, run)).resolves.toBeDefined();
  });

  it('is reached over TLS with a given authority only, under its own name', async () => {
    const tls = await makeTlsIdentity(['git.example.org']);
    await using server = await startGitServer(directory.join('srv'), { tls });
    const connectTo = new Map([['git.example.org:443', server.host]]);
    const url = 'https://git.example.org/line-a';
    await expect(source({ connectTo, ca: tls.ca }).resolve(wish([], url), run)).resolves.toMatchObject([
      { url },
    ]);
    await expect(source({ connectTo }).resolve(wish([], url), run)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      hint: expect.stringContaining('certificate'),
    });
    await expect(
      source({ connectTo, insecure: ['git.example.org'] }).resolve(wish([], url), run),
    ).resolves.toHaveLength(1);
    await expect(
      source({ ca: tls.ca }).resolve(wish([], `${server.url}/line-a`.replace('127.0.0.1', 'localhost')), run),
    ).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is reached with what is said of its host, and of that host alone', async () => {
    const tls = await makeTlsIdentity();
    const client = await makeTlsIdentity(['client']);
    await using server = await startGitServer(directory.join('srv'), { tls, clientCa: client.ca });
    await writeFile(directory.join('client.pem'), client.cert);
    await writeFile(directory.join('client.key'), client.key, { mode: 0o600 });
    const clientCertificate = { cert: directory.join('client.pem'), key: directory.join('client.key') };
    const resolving = (host: string, access: RemoteAccess) =>
      source({ attempts: 1, hosts: new Map([[host, access]]) }).resolve(
        wish([], `${server.url}/line-a`),
        run,
      );
    await expect(resolving(server.host, { ca: tls.ca, clientCertificate })).resolves.toHaveLength(1);
    await expect(resolving('127.0.0.1', { ca: tls.ca, clientCertificate })).resolves.toHaveLength(1);
    await expect(resolving(server.host, { ca: tls.ca })).rejects.toMatchObject({ code: REFUSED });
    await expect(resolving('git.example.org', { ca: tls.ca, clientCertificate })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
  });

  it.each(['http_proxy', 'HTTP_PROXY'])('is reached by the proxy of %s', async (variable) => {
    await using server = await startGitServer(directory.join('srv'));
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { pathname, search } = new URL(request.url ?? '');
      const { method, headers } = request;
      const onward = httpRequest(`${server.url}${pathname}${search}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    await new Promise<void>((listening) => void proxy.listen(0, '127.0.0.1', listening));
    const { port } = proxy.address() as AddressInfo;
    const git = createGit({ environment: { [variable]: `http://127.0.0.1:${port}` } });
    const resolving = source({ git }).resolve(wish([], 'http://git.example.org/line-a'), run);
    await expect(resolving).resolves.toHaveLength(1);
    expect(asked[0]).toBe('http://git.example.org/line-a/info/refs?service=git-upload-pack');
    proxy.close();
  });
});
