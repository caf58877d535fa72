import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, type Machine } from '../support/command-line.ts';
import { cannotUnshare, growingDisk } from '../support/namespaces.ts';
import { makeZone, type Zone } from './zone.ts';

let zone: Zone;
beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
}, 60_000);
afterAll(() => zone.close());

// The release has 0.8 MB: too much for the disk as it is first, and well within what it grows to.
describe.skipIf(cannotUnshare('--mount'))('a full disk', { timeout: 60_000 }, () => {
  const twice = async (machine: Machine, disk: string, args: readonly string[]): Promise<string> => {
    await mkdir(disk, { recursive: true });
    const { code, stdout, stderr } = await gapferry({ ...machine, through: growingDisk(disk) }, args);
    const [first = '', second = ''] = stderr.split('the disk grows\n');
    expect(first).toMatch(/error: .*(?:full|space|room|fit)/i);
    expect(first).toContain('first: 8\n');
    expect(code, second).toBe(0);
    return `${first}\n${stdout}`;
  };

  it('stops collect, which goes on when there is room', async () => {
    const disk = join(zone.outside.directory, 'small');
    const told = await twice(zone.outside, disk, [
      'collect',
      'bundles/line-a',
      '--first',
      '--version',
      '1.0.0',
      '--depot',
      disk,
    ]);
    expect(told).toContain('releases: 0');
    expect(told).toContain('sealed release 1.0.0');
  });

  it('stops export before it has written a blob', async () => {
    const disk = zone.path('small-stick');
    const told = await twice(zone.outside, disk, ['export', 'depot', '--to', disk]);
    expect(told).toContain('blobs: 0');
    expect(told).toContain('is on');
  });

  it('stops import before anything has a name', async () => {
    const disk = zone.embedded();
    const loading = ['import', zone.stick, '--site', 'site/site.yaml', '--yes'];
    const told = await twice(zone.inside, disk, loading);
    expect(told).toContain('names: 0');
    expect(told).toContain('is loaded');
    expect(await zone.reached()).toBe('');
  });
});
