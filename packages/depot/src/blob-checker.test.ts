import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, hexOf, quietRun, type RunEvent, type SizedDigest } from '@gapferry/core';
import { flipByte, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Depot, openDepot } from './open-depot.ts';

let home: TemporaryDirectory;
let depot: Depot;
beforeEach(async () => {
  home = await temporaryDirectory();
  depot = await openDepot(home.join('depot'), { create: true });
});
afterEach(() => home.remove());

const pathOf = (blob: SizedDigest): string => join(depot.directory, 'blobs', 'sha256', hexOf(blob.digest));

async function add(size: number, seed: number): Promise<SizedDigest> {
  const bytes = new Uint8Array(size).fill(seed);
  const { digest } = await depot.add('application/octet-stream', bytes, quietRun());
  return { digest, size };
}

it.each([false, true])('finds whole blobs of all sizes good (direct: %s)', async (direct) => {
  const blobs: SizedDigest[] = [];
  for (const size of [0, 1, 511, 512, 4095, 4096, 4097, 1_048_575, 1_048_576, 1_048_577, 9_000_001])
    blobs.push(await add(size, size & 0xff));
  const findings = await depot.check(blobs, quietRun(), { direct });
  expect(findings.bad).toEqual([]);
  expect(findings.good).toEqual(new Set(blobs.map(({ digest }) => digest)));
  if (!direct) expect(findings.cacheBypassed).toBe(false);
});

it('agrees with sha256sum about what a damaged blob holds', async () => {
  const blob = await add(3_000_000, 7);
  await flipByte(pathOf(blob), 1_500_000);
  const [sum = ''] = execFileSync('sha256sum', [pathOf(blob)], { encoding: 'utf8' }).split(' ');
  const { bad, good } = await depot.check([blob], quietRun());
  expect(bad).toEqual([{ ...blob, state: 'damaged', detail: `has sha256:${sum} instead` }]);
  expect(good.size).toBe(0);
});

it('tells missing, cut and unreadable blobs apart, and goes on with the others', async () => {
  const [missing, cut, link, directory, whole] = [
    await add(10, 1),
    await add(40, 2),
    await add(30, 3),
    await add(20, 4),
    await add(50, 5),
  ];
  await unlink(pathOf(missing));
  await truncate(pathOf(cut), 12);
  await rename(pathOf(link), home.join('elsewhere'));
  await symlink(home.join('elsewhere'), pathOf(link));
  await rm(pathOf(directory));
  await mkdir(pathOf(directory));
  const { good, bad } = await depot.check([missing, cut, link, directory, whole], quietRun());
  expect([...good]).toEqual([whole.digest]);
  expect(new Map(bad.map(({ digest, state, detail }) => [digest, `${state}: ${detail}`]))).toEqual(
    new Map([
      [missing.digest, 'missing: is not there'],
      [cut.digest, 'damaged: has 12 bytes instead of 40'],
      [link.digest, 'unreadable: is not a regular file'],
      [directory.digest, 'unreadable: is not a regular file'],
    ]),
  );
});

it('is not hung by a FIFO in place of a blob', async () => {
  const blob = { digest: digestOf('fifo'), size: 4 };
  execFileSync('mkfifo', [pathOf(blob)]);
  const { bad } = await depot.check([blob], quietRun());
  expect(bad).toMatchObject([{ state: 'unreadable' }]);
});

it('checks hundreds of small blobs, each once', async () => {
  const blobs = await Promise.all(Array.from({ length: 700 }, (_, i) => add(100 + i, i & 0xff)));
  const { good, bad } = await depot.check([...blobs, ...blobs], quietRun());
  expect(bad).toEqual([]);
  expect(good.size).toBe(700);
});

it('tells how many bytes it has hashed', async () => {
  const blobs = [await add(40_000_000, 1), await add(5, 2)];
  const events: RunEvent[] = [];
  await depot.check(blobs, { signal: new AbortController().signal, emit: (event) => events.push(event) });
  const told = events.map((event) => (event.kind === 'bytes' ? event.bytes : 0));
  expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(40_000_005);
  expect(told.length).toBeGreaterThan(2);
});

it('stops on request in the middle of a blob', async () => {
  const blob = await add(64 << 20, 3);
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const checking = depot.check([blob], {
    signal: stop.signal,
    emit(event) {
      events.push(event);
      stop.abort();
    },
  });
  await expect(checking).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const told = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
  expect(told).toBeLessThan(64 << 20);
});

it('says that the medium is gone instead of calling every blob missing', async () => {
  const blob = await add(10, 1);
  await rm(depot.directory, { recursive: true });
  await expect(depot.check([blob], quietRun())).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});

it('starts from compiled files too', async () => {
  const compiled = home.join('compiled');
  await mkdir(compiled);
  const { stripTypeScriptTypes } = await import('node:module');
  const { readFile } = await import('node:fs/promises');
  for (const name of ['hash-file', 'hash-worker', 'hash-order', 'hash-pool']) {
    const source = await readFile(new URL(`./${name}.ts`, import.meta.url), 'utf8');
    const text = stripTypeScriptTypes(source).replaceAll(/'(\.\/[a-z-]+)\.ts'/g, "'$1.js'");
    const core = 'const checkRun = () => {}; class GapferryError extends Error {}';
    await writeFile(join(compiled, `${name}.js`), text.replace(/import .* from '@gapferry\/core';/, core));
  }
  await writeFile(join(compiled, 'package.json'), '{"type":"module"}');
  const blob = await add(1000, 9);
  const program = `
    import { hashFiles } from ${JSON.stringify(join(compiled, 'hash-pool.js'))};
    const job = { path: ${JSON.stringify(pathOf(blob))}, size: 1000, direct: false };
    const signal = new AbortController().signal;
    await hashFiles([job], { bytes() {}, result: (_, { hex }) => console.log(hex) }, { signal });`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect(printed.trim()).toBe(hexOf(blob.digest));
});
