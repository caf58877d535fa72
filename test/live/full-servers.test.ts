import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, hexOf } from '@gapferry/core';
import { isMissing, readContent, seededContent } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { cannotUnshare } from '../support/namespaces.ts';
import { type SmallDisk, smallDiskAt } from '../support/small-disk.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3, type ReadByBoto3 } from './support/boto3.ts';
import { DAV_USER, davSite } from './support/dav-site.ts';
import { startMinio } from './support/minio.ts';
import { startNginxDav } from './support/nginx-dav.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';
import { startWsgidav } from './support/wsgidav.ts';

const MINUTES = 300_000;
const MIB = 1 << 20;
/** One is sent in parts; the disk has room for some of them. */
const SIZES = [20, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4];
const SMALL = 40;
const LARGE = 400;
/** MinIO looks at its disk now and then. */
const UNTIL_THERE_IS_ROOM = `
import time
until = time.monotonic() + 60
while True:
    try:
        s3.put_object(Bucket='plant', Key='probe', Body=bytes(32 << 20))
        break
    except Exception:
        if time.monotonic() > until: raise
        time.sleep(0.1)
s3.delete_object(Bucket='plant', Key='probe')
answer(None)`;
const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: kit}
`;

describe.skipIf(cannotUnshare('--mount') || isMissing('nsenter'))(
  'a server whose disk is full in the middle',
  {
    timeout: MINUTES,
  },
  () => {
    let machines: TwoMachines;
    /** By path, in hex: of both releases. */
    const wanted: Map<string, string>[] = [];
    beforeAll(async () => {
      machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
      const files = new Map([['kit/readme', await put('kit/readme', Buffer.from('one'))]]);
      wanted.push(new Map(files));
      await machines.collect('--first', '--version', '1.0.0');
      for (const [i, size] of SIZES.entries()) {
        const path = `kit/images/${i}`;
        files.set(path, await put(path, await readContent(seededContent(size * MIB, path))));
      }
      wanted.push(files);
      await machines.collect('--version', '1.1.0');
    }, MINUTES);
    afterAll(() => machines.close());

    async function put(path: string, bytes: Uint8Array): Promise<string> {
      const file = join(machines.outside.directory, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      return hexOf(digestOf(bytes));
    }

    const release = (sequence: number): string =>
      `${join(machines.outside.directory, 'depot')}#line-a/${sequence}`;

    async function diskFor(name: string): Promise<{ root: string; disk: SmallDisk }> {
      const root = machines.path(name);
      await mkdir(root);
      return { root, disk: await smallDiskAt(root, SMALL) };
    }

    it.skipIf(lacks('minio', 'boto3'))(
      'is told of by MinIO: readers find the release before it, and with room the same command finishes',
      async () => {
        const { root, disk } = await diskFor('minio');
        await using _disk = disk;
        await using minio = await startMinio({ storage: root, before: disk.through });
        const inside = await s3Site(machines.inside, minio, 'bucket: plant, create: true');
        const found = (key: string): Promise<ReadByBoto3[]> =>
          boto3(minio, `answer(everything('plant', '${key}'))`);
        const index = async (): Promise<string> =>
          await boto3(
            minio,
            `answer(s3.get_object(Bucket='plant', Key='line-a/index.json')['Body'].read().decode())`,
          );
        await gapferryJson(inside, inside.load(release(1)));
        const before = await index();
        const { error } = await gapferryJson(inside, inside.load(release(2)), 8);
        expect(error).toMatchObject({
          code: 'NO_SPACE',
          message: expect.stringContaining('/plant'),
          hint: expect.stringContaining('make room'),
        });
        expect(await index()).toBe(before);
        expect((await found('line-a/1.0.0/')).map(({ sha256 }) => sha256)).toEqual([
          ...(wanted[0]?.values() ?? []),
        ]);
        await disk.grow(LARGE);
        await boto3(minio, UNTIL_THERE_IS_ROOM);
        await gapferryJson(inside, inside.load(release(2)));
        const keys = (await found('line-a/1.1.0/')).map(
          ({ key, sha256 }) => [key.replace('line-a/1.1.0/', ''), sha256] as const,
        );
        expect(new Map(keys)).toEqual(wanted[1]);
        expect(JSON.parse(await index())).toMatchObject({ version: '1.1.0' });
      },
    );

    it.each([
      ['wsgidav', startWsgidav.bind(undefined, DAV_USER)],
      [
        'nginx',
        (place: { root: string; before: readonly string[] }) =>
          startNginxDav({ place, users: 'plant:{PLAIN}Sesam-oeffne-47\n' }),
      ],
    ] as const)(
      'is told of by %s: SHA256SUMS of the release before it stays true, and with room the same command finishes',
      async (name, start) => {
        if (lacks(name)) return;
        const { root, disk } = await diskFor(name);
        await using _disk = disk;
        await using server = await start({ root, before: disk.through });
        const inside = await davSite(machines.inside, server, ', path: "{path}", credentials: {env: DAV}');
        const sums = (): Promise<string> => disk.run('sha256sum', ['--strict', '-c', 'SHA256SUMS']);
        await gapferryJson(inside, inside.load(release(1)));
        const { error } = await gapferryJson(inside, inside.load(release(2)), 6);
        // Neither of them says why (507).
        expect(error).toMatchObject({
          code: 'SERVER_ERROR',
          message: expect.stringContaining('answered 500 to PUT'),
          hint: expect.stringMatching(/full disk.*make room/),
        });
        expect(await sums()).toBe('kit/readme: OK\n');
        expect(await disk.run('find', ['kit', '-type', 'f'])).toBe('kit/readme\n');
        await disk.grow(LARGE);
        await gapferryJson(inside, inside.load(release(2)));
        expect((await sums()).trim().split('\n')).toHaveLength(SIZES.length + 1);
      },
    );
  },
);
