import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, mustRun, startWebdavServer } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveEmbedded } from '../live/support/serve-embedded.ts';
import { gapferry, gapferryJson, type Machine } from '../support/command-line.ts';
import { cannotUnshare, readOnlyAt, smallDisk } from '../support/namespaces.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: tools/kit}
  - {path: ../../kit/bin/run, as: tools/run}
`;
const IMPORT = ['import', '--site', 'site/site.yaml', '--yes'];

let machines: TwoMachines;
beforeEach(async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
  await put('bin/run', '#!/bin/sh\necho 1\n', 0o755);
  await put('doc/a b.txt', 'a');
  await put('doc/old.txt', 'old');
});
afterEach(() => machines.close());

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  const file = join(machines.outside.directory, 'kit', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text, { mode });
}

async function site(target: string): Promise<void> {
  const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: files, ${target}}
`;
  await writeFile(join(machines.inside.directory, 'site/site.yaml'), text);
}

async function release(version: string): Promise<void> {
  await machines.collect(...(version === '1.0.0' ? ['--first'] : []), '--version', version);
  await machines.export();
}

/** As sha256sum sees what is listed. */
async function checked(directory: string): Promise<string[]> {
  const lines = await mustRun('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: directory });
  return lines.trim().split('\n');
}

it('keeps a plain directory as the last release has it, and takes nothing that is not ours', {
  timeout: 120_000,
}, async () => {
  const srv = machines.path('inside/srv');
  await site('kind: directory, directory: ../srv, path: "{path}", prune: true');
  await release('1.0.0');
  const missing = await gapferry(machines.inside, [...IMPORT, machines.stick]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('no such directory')]);
  await mkdir(srv);
  await writeFile(join(srv, 'mine'), 'mine');
  expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  expect(await checked(srv)).toEqual([
    'tools/kit/bin/run: OK',
    'tools/kit/doc/a b.txt: OK',
    'tools/kit/doc/old.txt: OK',
    'tools/run: OK',
  ]);
  expect(await mustRun(join(srv, 'tools/kit/bin/run'), [])).toBe('1\n');
  expect(await machines.import()).toMatchObject({ kind: 'unchanged' });

  await put('doc/a b.txt', 'b');
  await rm(join(machines.outside.directory, 'kit/doc/old.txt'));
  await release('1.1.0');
  await writeFile(join(srv, 'tools/run'), 'somebody changed it');
  const refused = await gapferry(machines.inside, [...IMPORT, machines.stick]);
  expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('tools/run')]);
  expect(await readFile(join(srv, 'tools/kit/doc/a b.txt'), 'utf8')).toBe('a');

  await writeFile(join(srv, 'tools/run'), '#!/bin/sh\necho 1\n');
  expect(await machines.import()).toMatchObject({ kind: 'loaded' });
  expect(await checked(srv)).toEqual(['tools/kit/bin/run: OK', 'tools/kit/doc/a b.txt: OK', 'tools/run: OK']);
  const files = await mustRun('find', ['.', '-type', 'f', '-not', '-path', './.gapferry/*'], { cwd: srv });
  expect(files.trim().split('\n').sort()).toEqual([
    './SHA256SUMS',
    './mine',
    './tools/kit/bin/run',
    './tools/kit/doc/a b.txt',
    './tools/run',
  ]);
  expect(await machines.reached()).toBe('');
});

it.skipIf(cannotUnshare('--mount'))(
  'says beforehand that a disk is too small, and that it takes nothing',
  {
    timeout: 120_000,
  },
  async () => {
    const srv = machines.path('inside/srv');
    await mkdir(srv);
    await site('kind: directory, directory: ../srv');
    await put('doc/large', 'x'.repeat(2_000_000));
    await release('1.0.0');
    for (const [through, says] of [
      [smallDisk(srv, 1), /bytes free, and 20\d{5} are to come/],
      [readOnlyAt(srv), /read-only/],
    ] as const) {
      const refused = await gapferry({ ...machines.inside, through }, [...IMPORT, machines.stick]);
      expect([refused.code, refused.stderr]).toEqual([8, expect.stringMatching(says)]);
    }
    expect(await readdir(srv)).toEqual([]);
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    expect(await checked(join(srv, 'line-a/1.0.0'))).toHaveLength(5);
  },
);

it.skipIf(isMissing('curl'))(
  'serves the embedded depot to curl and sha256sum, page by page and in parts',
  {
    timeout: 120_000,
  },
  async () => {
    await release('1.0.0');
    await machines.import();
    await using served = await serveEmbedded(machines.inside);
    const copy = machines.path('copy');
    await mkdir(copy);
    const curl = (...args: string[]): Promise<string> => mustRun('curl', ['-sSf', ...args], { cwd: copy });
    await curl('-O', `${served.url}/files/SHA256SUMS`);
    const names = (await readFile(join(copy, 'SHA256SUMS'), 'utf8')).trim().split('\n');
    for (const name of names.map((line) => line.slice(66)))
      await curl('--create-dirs', '-o', name, `${served.url}/files/${encodeURI(name)}`);
    expect(await checked(copy)).toEqual([
      'tools/kit/bin/run: OK',
      'tools/kit/doc/a b.txt: OK',
      'tools/kit/doc/old.txt: OK',
      'tools/run: OK',
    ]);
    expect(await curl('-r', '2-5', `${served.url}/files/tools/run`)).toBe('/bin');
    const page = await curl(`${served.url}/files/tools/kit/doc/`);
    expect(page).toContain('<a href="./a%20b.txt">a b.txt</a>');
    expect(page).not.toMatch(/<script/i);
    const head = await curl('-I', `${served.url}/files/tools/kit/doc/old.txt`);
    const [sum] = names.find((line) => line.endsWith('old.txt'))?.split(' ') ?? [];
    expect(head).toContain(`"sha256:${sum}"`);
    expect(head).toMatch(/content-type: text\/plain/i);
  },
);

it('gives each release paths of its own at a WebDAV server, which gets no secret but in its header', {
  timeout: 120_000,
}, async () => {
  const auth = { username: 'plant', password: 'Sesam:47$' };
  await using server = await startWebdavServer({ auth });
  await site(`kind: webdav, url: "${server.url}/dav", credentials: {env: DAV}, keep: 1`);
  const inside: Machine = {
    ...machines.inside,
    environment: {
      ...machines.inside.environment,
      NETWORK_ALLOWED: server.host,
      DAV: `${auth.username}:${auth.password}`,
    },
  };
  await release('1.0.0');
  const told = await gapferryJson(inside, [...IMPORT, machines.stick]);
  expect(told).toMatchObject({ kind: 'loaded' });
  expect(JSON.stringify(told)).not.toContain(auth.password);
  const sent = server.requests.filter(({ method }) => method === 'PUT').length;
  expect((await gapferryJson(inside, [...IMPORT, machines.stick])).kind).toBe('unchanged');
  expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(sent);
  await put('doc/a b.txt', 'b');
  await release('1.1.0');
  await gapferryJson(inside, [...IMPORT, machines.stick]);
  for (const [path, bytes] of server.files) {
    const file = machines.path('copy', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  expect(await checked(machines.path('copy/line-a/1.1.0'))).toHaveLength(4);
  expect([...server.files.keys()].filter((path) => path.includes('1.0.0'))).toEqual([]);
  expect(await machines.reached()).toBe('');
});
