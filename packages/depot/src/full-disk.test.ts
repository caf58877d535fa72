import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { digestOf, quietRun } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { openDepot } from './open-depot.ts';

/** Why no small file system can be mounted here, or undefined. */
function mountSmall(path: string): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small tmpfs';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `cannot mount a tmpfs here: ${String(error).split('\n')[0]}`;
  }
}

it('stops with NO_SPACE on a full disk, and goes on when there is space again', async (context) => {
  await using home = await temporaryDirectory();
  await mkdir(home.join('small'));
  const reason = mountSmall(home.join('small'));
  if (reason !== undefined) context.skip(reason);
  try {
    await writeFile(home.join('small', 'ballast'), Buffer.alloc(1_500_000));
    const depot = await openDepot(home.join('small', 'depot'), { create: true });
    const bytes = Buffer.alloc(2_500_000, 'x');
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    const source = async function* (from: number): AsyncIterable<Uint8Array> {
      for (let at = from; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
    };
    await expect(depot.put(blob, source, quietRun())).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining(depot.directory),
      data: { needed: expect.any(Number) },
    });
    expect(await readdir(home.join('small', 'depot', 'blobs', 'sha256'))).toEqual([]);
    await rm(home.join('small', 'ballast'));
    const begun = await depot.begun(blob);
    expect(begun).toBeGreaterThanOrEqual(1 << 20);
    const froms: number[] = [];
    const noting = (from: number): AsyncIterable<Uint8Array> => {
      froms.push(from);
      return source(from);
    };
    await depot.put(blob, noting, quietRun());
    expect(froms).toEqual([begun]);
    expect((await depot.check([blob], quietRun())).bad).toEqual([]);
    const { free } = await depot.space();
    const df = execFileSync('df', ['-B1', '--output=avail', home.join('small')], { encoding: 'utf8' });
    expect(free).toBe(Number(df.split('\n')[1]));
  } finally {
    execFileSync('umount', [home.join('small')]);
  }
});
