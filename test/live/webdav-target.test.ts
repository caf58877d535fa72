import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeTlsIdentity, mustRun, readContent, seededContent } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryCommand, gapferryJson, type Machine } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { killWhen } from './support/kill-when.ts';
import { type DavServer, startNginxDav } from './support/nginx-dav.ts';
import { lacks } from './support/tools.ts';
import { startWsgidav } from './support/wsgidav.ts';

const FILES = 200;
const LARGE = 150_000_000;
const MINUTES = 300_000;
const USER = { username: 'plant', password: 'Sesam-oeffne-47' } as const;
/** Of USER: nginx reads it as it stands. */
const HTPASSWD = 'plant:{PLAIN}Sesam-oeffne-47\n';

let machines: TwoMachines;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  const bundle = `format: gapferry.bundle/1
name: line-a
files:
  - {path: files/many, as: many}
  - {path: files/large.tar, as: images/large.tar}
`;
  machines = await makeTwoMachines({ bundle, environment: {} });
  cleanup.defer(() => machines.close());
  await place('large.tar', await readContent(seededContent(LARGE, 'dav')));
  for (let i = 0; i < FILES; i += 1)
    await place(`many/${i % 10}/file ${i} ü%.txt`, Buffer.from(`file ${i}\n`.repeat(i % 100)));
  await machines.collect('--first', '--version', '1.0.0');
}, MINUTES);
afterAll(() => cleanup.disposeAsync());

async function place(path: string, bytes: Uint8Array): Promise<void> {
  const file = join(machines.outside.directory, 'bundles/line-a/files', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

const depot = (): string => join(machines.outside.directory, 'depot');

/** The inside with a state of its own and the server as its only target. */
async function siteAt(server: DavServer, members: string): Promise<Machine & { readonly load: string[] }> {
  const port = server.host.replace(/^.*:/, '');
  const file = `site/site-${port}.yaml`;
  const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${port}
targets:
  - {name: files, kind: webdav, url: "${server.url}"${members}}
`;
  await writeFile(join(machines.inside.directory, file), text);
  const { username, password } = USER;
  const environment = {
    ...machines.inside.environment,
    NETWORK_ALLOWED: server.host,
    DAV: `${username}:${password}`,
  };
  const machine = { ...machines.inside, environment };
  const shown = await gapferryJson(machine, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(machine, ['trust', 'pin', '--site', file, '--fingerprint', words]);
  return { ...machine, load: ['import', depot(), '--site', file, '--yes'] };
}

/** As sha256sum sees what is on the server's disk. */
async function checked(directory: string): Promise<number> {
  const lines = await mustRun('sha256sum', ['--strict', '--quiet', '-c', 'SHA256SUMS'], { cwd: directory });
  expect(lines).toBe('');
  const found = await mustRun('find', ['.', '-type', 'f', '-not', '-path', './.gapferry/*'], {
    cwd: directory,
  });
  return found.trim().split('\n').length - 1;
}

describe.skipIf(lacks('nginx'))('files at nginx', { timeout: MINUTES }, () => {
  it('over TLS with an authority and credentials of its own are what was collected; a second import changes nothing', async () => {
    const tls = await makeTlsIdentity();
    await using server = await startNginxDav({ tls, users: HTPASSWD });
    await writeFile(join(machines.inside.directory, 'site/dav-ca.pem'), tls.ca);
    const inside = await siteAt(server, ', path: "{path}", ca: dav-ca.pem, credentials: {env: DAV}');
    expect((await gapferryJson(inside, inside.load)).kind).toBe('loaded');
    expect(await checked(server.root)).toBe(FILES + 1);
    expect((await gapferryJson(inside, inside.load)).kind).toBe('unchanged');
    expect(await readdir(join(server.root, '.gapferry/incoming'))).toEqual([]);
    await writeFile(join(server.root, 'many/0/file 0 ü%.txt'), 'somebody');
    const refused = await gapferry(inside, inside.load);
    expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('many/')]);
    expect(await machines.reached()).toBe('');
  });

  it('are seen by nobody after kill -9 in the middle, and what arrived is not sent again', async () => {
    await using server = await startNginxDav();
    const inside = await siteAt(server, '');
    const incoming = join(server.root, '.gapferry/incoming/line-a');
    const arrived = async (): Promise<string[]> =>
      (await readdir(incoming).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
    await killWhen(gapferryCommand(inside, inside.load), async () => (await arrived()).length > 20);
    expect(await readdir(server.root)).toEqual(['.gapferry']);
    const before = await mustRun('sh', ['-c', 'stat -c "%n %i" [0-9a-f]*[0-9a-f] | grep -v part | sort'], {
      cwd: incoming,
    });
    await gapferryJson(inside, inside.load);
    expect(await checked(join(server.root, 'line-a/1.0.0'))).toBe(FILES + 1);
    // A file that is moved keeps its inode.
    const after = await mustRun('sh', ['-c', 'find line-a -type f -printf "%i\\n"'], { cwd: server.root });
    const inodes = new Set(after.split('\n'));
    const sentOnce = before
      .trim()
      .split('\n')
      .filter((line) => inodes.has(line.split(' ')[1] ?? ''));
    expect(sentOnce.length).toBeGreaterThan(20);
  });

  it('that has PUT alone get paths of their own, and the import says so', async () => {
    await using server = await startNginxDav({ methods: 'PUT' });
    const inside = await siteAt(server, '');
    const { code, stderr } = await gapferry(inside, inside.load);
    expect([code, stderr]).toEqual([0, expect.stringContaining('no MOVE')]);
    expect(await checked(join(server.root, 'line-a/1.0.0'))).toBe(FILES + 1);
    const stable = await siteAt(server, ', path: "{path}"');
    expect(await gapferry(stable, stable.load)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot move files'),
    });
  });
});

describe.skipIf(lacks('wsgidav'))('files at wsgidav', { timeout: MINUTES }, () => {
  it('are what was collected; a second import changes nothing', async () => {
    await using server = await startWsgidav(USER);
    const inside = await siteAt(server, ', path: "{channel}/{path}", prune: true, credentials: {env: DAV}');
    expect((await gapferryJson(inside, inside.load)).kind).toBe('loaded');
    expect(await checked(join(server.root, 'line-a'))).toBe(FILES + 1);
    expect((await gapferryJson(inside, inside.load)).kind).toBe('unchanged');
    expect(await machines.reached()).toBe('');
  });
});
