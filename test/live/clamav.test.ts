import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  mustRun,
  startFileServer,
  type TemporaryDirectory,
  type TestFileServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { lacks, tool } from './support/tools.ts';

const NAMES = ['main', 'daily', 'bytecode'];

/** What sigtool says of a database; its suffix tells it that nobody need have signed it. */
async function info(path: string): Promise<string> {
  return await mustRun(tool('sigtool'), [`--info=${path}`], { env: { ...process.env, TZ: 'UTC' } });
}

/** A database as those who run ClamAV make their own. */
async function build(directory: string, signature: string): Promise<Buffer> {
  await mkdir(directory);
  await writeFile(join(directory, 'own.hdb'), `${'0a'.repeat(16)}:68:Test.${signature}\n`);
  await writeFile(join(directory, 'COPYING'), 'a license\n');
  const args = ['--build=own.cud', '--unsigned', '--cvd-version=7', '--datadir=.'];
  await mustRun(tool('sigtool'), args, {
    cwd: directory,
    env: { ...process.env, SIGNDUSER: 'plant' },
    input: '1\n',
  });
  return await readFile(join(directory, 'own.cud'));
}

describe.skipIf(lacks('sigtool'))('databases that sigtool made', () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let server: TestFileServer;
  let machines: TwoMachines;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    server = cleanup.use(await startFileServer(new Map()));
    for (const name of NAMES) server.files.set(`/db/${name}.cvd`, await build(home.join(name), name));
    const bundle = `format: gapferry.bundle/1
name: line-a
content: [{kind: clamav-db, from: "${server.url}/db", unsigned: true}]
`;
    machines = await makeTwoMachines({ bundle, environment: {} });
    cleanup.defer(() => machines.close());
  });
  afterAll(() => cleanup.disposeAsync());

  it('come inside with the build time that sigtool reads, whole for sigtool', async () => {
    const { content } = await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    for (const name of NAMES) {
      const copy = home.join(`${name}.cud`);
      await copyFile(machines.embedded(`files/clamav/${name}.cvd`), copy);
      const said = await info(copy);
      expect(said).toContain('Verification: Unsigned container');
      const built = /^Build time: (.*)$/m.exec(said)?.[1] ?? '';
      const item = (content as { item: string; updated: string }[]).find(({ item: id }) => id.includes(name));
      expect(item?.updated.slice(0, 16)).toBe(new Date(built).toISOString().slice(0, 16));
    }
  });

  it('are refused when a byte of one is another, and when nobody said that they need not be signed', async () => {
    const daily = server.files.get('/db/daily.cvd') as Buffer;
    const bent = Buffer.from(daily);
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
    server.files.set('/db/daily.cvd', bent);
    const args = ['collect', 'bundles/line-a', '--version', '2.0.0'];
    expect((await gapferryJson(machines.outside, args, 4)).error).toMatchObject({ code: 'DIGEST_MISMATCH' });
    server.files.set('/db/daily.cvd', daily);
    const file = join(machines.outside.directory, 'bundles/line-a/bundle.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(', unsigned: true', ''));
    expect((await gapferryJson(machines.outside, args, 4)).error).toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
  });
});
