import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { cannotUnshare } from '../support/namespaces.ts';
import { type OneTarget, withOneTarget } from '../support/one-target.ts';
import { type SmallDisk, smallDiskAt } from '../support/small-disk.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: kit}
`;
/** Each takes a page of 4096 bytes on the disk, of which the release knows nothing: the disk is full in the middle. */
const MANY = 1_200;
const MINUTES = 180_000;

describe.skipIf(cannotUnshare('--mount') || isMissing('nsenter'))(
  'a disk that is full in the middle',
  {
    timeout: MINUTES,
  },
  () => {
    let machines: TwoMachines;
    beforeAll(async () => {
      machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
      await put('kit/readme', 'one');
      await put('kit/same', 'same');
      await machines.collect('--first', '--version', '1.0.0');
      await put('kit/readme', 'two');
      for (let i = 0; i < MANY; i += 1) await put(`kit/many/${i % 20}/${i}`, `file ${i}\n`);
      await machines.collect('--version', '1.1.0');
    }, MINUTES);
    afterAll(() => machines.close());

    async function put(path: string, text: string): Promise<void> {
      const file = join(machines.outside.directory, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }

    const release = (sequence: number): string =>
      `${join(machines.outside.directory, 'depot')}#line-a/${sequence}`;

    const site = (id: string, target: string, disk: SmallDisk): Promise<OneTarget> =>
      withOneTarget({ ...machines.inside, through: disk.through }, id, `name: files, ${target}`);

    /** The second release does not fit; readers see the first. With room for it the same command finishes. */
    async function expectStop(
      inside: OneTarget,
      disk: SmallDisk,
      place: string,
      proved: () => Promise<unknown> = async () => {},
    ): Promise<void> {
      await gapferryJson(inside, inside.load(release(1)));
      const before = await seen(disk);
      const { error } = await gapferryJson(inside, inside.load(release(2)), 8);
      expect(error).toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining(place),
        hint: expect.stringMatching(/(?:room|space).*again/),
      });
      expect(await seen(disk)).toBe(before);
      await proved();
      await disk.grow(60);
      expect(await gapferryJson(inside, inside.load(release(2)))).toMatchObject({ kind: 'loaded' });
      await proved();
      expect((await seen(disk)).split('\n').length).toBeGreaterThan(MANY);
    }

    it('stops an import into a directory, where readers go on seeing the release before it', async () => {
      const srv = machines.path('srv');
      await mkdir(srv);
      await using disk = await smallDiskAt(srv, 3);
      const target = 'kind: directory, directory: ../../srv, path: "{path}"';
      await expectStop(await site('directory', target, disk), disk, srv, () =>
        disk.run('sha256sum', ['--strict', '--quiet', '-c', 'SHA256SUMS']),
      );
    });

    it('that has no room for the records stops an import before a file has its name', async () => {
      const srv = machines.path('exact');
      await mkdir(srv);
      // A page for each file, three for the release before, and less than the records need.
      await using disk = await smallDiskAt(srv, `${4 * (MANY + 3 + 12)}k`);
      const target = 'kind: directory, directory: ../../exact, path: "{path}"';
      await expectStop(await site('exact', target, disk), disk, `${srv}/.gapferry/incoming`, () =>
        disk.run('sha256sum', ['--strict', '--quiet', '-c', 'SHA256SUMS']),
      );
    });

    it('stops an import into the embedded depot', async () => {
      const directory = join(machines.inside.directory, 'site/full');
      await mkdir(directory);
      await using disk = await smallDiskAt(directory, 3);
      await expectStop(await site('embedded', 'kind: depot, path: full', disk), disk, directory);
    });

    it('stops a collect, of which nothing is sealed', async () => {
      const place = machines.path('small-depot');
      await mkdir(place);
      await using disk = await smallDiskAt(place, 3);
      const outside = { ...machines.outside, through: disk.through };
      const collect = ['collect', 'bundles/line-a', '--first', '--version', '1.1.0', '--depot', place];
      const { error } = await gapferryJson(outside, collect, 8);
      expect(error).toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringContaining(place),
        hint: expect.stringMatching(/space.*again/),
      });
      expect(await disk.run('sh', ['-c', 'find . -path "./releases/*"'])).toBe('');
      await disk.grow(60);
      await gapferryJson(outside, collect);
      expect(
        await gapferryJson(outside, ['verify', place, '--site', '../inside/site/site.yaml']),
      ).toMatchObject({ ok: true });
    });

    it('has no room for the number of files: that is said before one is written', async () => {
      const srv = machines.path('few');
      await mkdir(srv);
      await using disk = await smallDiskAt(srv, 60, 'nr_inodes=200');
      const inside = await site('few', 'kind: directory, directory: ../../few', disk);
      const { error } = await gapferryJson(inside, inside.load(release(2)), 8);
      expect(error).toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringMatching(/takes \d+ more files .* and 1202 are to come/),
      });
      expect(await disk.run('find', ['.', '-type', 'f'])).toBe('');
    });
  },
);

/** Everything that readers see, with its bytes; neither what is ours, nor what the depot keeps. */
function seen(disk: SmallDisk): Promise<string> {
  return disk.run('sh', [
    '-c',
    'find . -type f -not -path "./.gapferry/*" -not -path "./blobs/*" -not -path "./tmp/*" | sort | xargs -d "\\n" sha256sum',
  ]);
}
