import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeTlsIdentity, mustRun, readContent, seededContent } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryCommand, gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { DAV_USER, davSite } from './support/dav-site.ts';
import { killWhen } from './support/kill-when.ts';
import { startNginxDav } from './support/nginx-dav.ts';
import { lacks } from './support/tools.ts';
import { startWsgidav } from './support/wsgidav.ts';

const FILES = 200;
const LARGE = 150_000_000;
const MINUTES = 300_000;
/** Of DAV_USER: nginx reads it as it stands. */
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
    const inside = await davSite(
      machines.inside,
      server,
      ', path: "{path}", ca: dav-ca.pem, credentials: {env: DAV}',
    );
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('loaded');
    expect(await checked(server.root)).toBe(FILES + 1);
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('unchanged');
    expect(await readdir(join(server.root, '.gapferry/incoming'))).toEqual([]);
    await writeFile(join(server.root, 'many/0/file 0 ü%.txt'), 'somebody');
    const refused = await gapferry(inside, inside.load(depot()));
    expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('many/')]);
    expect(await machines.reached()).toBe('');
  });

  it('are seen by nobody after kill -9 in the middle, and what arrived is not sent again', async () => {
    await using server = await startNginxDav();
    const inside = await davSite(machines.inside, server, '');
    const incoming = join(server.root, '.gapferry/incoming/line-a');
    const arrived = async (): Promise<string[]> =>
      (await readdir(incoming).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
    await killWhen(gapferryCommand(inside, inside.load(depot())), async () => (await arrived()).length > 20);
    expect(await readdir(server.root)).toEqual(['.gapferry']);
    const before = await mustRun('sh', ['-c', 'stat -c "%n %i" [0-9a-f]*[0-9a-f] | grep -v part | sort'], {
      cwd: incoming,
    });
    await gapferryJson(inside, inside.load(depot()));
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
    const inside = await davSite(machines.inside, server, '');
    const { code, stderr } = await gapferry(inside, inside.load(depot()));
    expect([code, stderr]).toEqual([0, expect.stringContaining('no MOVE')]);
    expect(await checked(join(server.root, 'line-a/1.0.0'))).toBe(FILES + 1);
    const stable = await davSite(machines.inside, server, ', path: "{path}"');
    expect(await gapferry(stable, stable.load(depot()))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot move files'),
    });
  });
});

describe.skipIf(lacks('wsgidav'))('files at wsgidav', { timeout: MINUTES }, () => {
  it('are what was collected; a second import changes nothing', async () => {
    await using server = await startWsgidav(DAV_USER);
    const inside = await davSite(
      machines.inside,
      server,
      ', path: "{channel}/{path}", prune: true, credentials: {env: DAV}',
    );
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('loaded');
    expect(await checked(join(server.root, 'line-a'))).toBe(FILES + 1);
    expect((await gapferryJson(inside, inside.load(depot()))).kind).toBe('unchanged');
    expect(await machines.reached()).toBe('');
  });
});
