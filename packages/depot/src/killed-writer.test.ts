import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { digestOf, hexOf, quietRun } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDepot } from './open-depot.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

/** Runs a program in a process of its own and kills it as soon as it has printed `lines` lines. */
async function killAfter(lines: number, program: string): Promise<void> {
  const flags = ['--conditions=gapferry-source', '--input-type=module', '-e'];
  const prelude = `
    import { openDepot } from ${JSON.stringify(new URL('./open-depot.ts', import.meta.url).href)};
    import { digestOf, quietRun } from '@gapferry/core';
    const depot = await openDepot(${JSON.stringify(home.join('depot'))}, { create: true });
    const say = (text) => new Promise((done) => process.stdout.write(text + '\\n', done));`;
  const child = spawn(process.execPath, [...flags, prelude + program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on('exit', (_code, signal) => resolve(signal)),
  );
  let printed = 0;
  for await (const _line of createInterface({ input: child.stdout }))
    if (++printed === lines) child.kill('SIGKILL');
  expect(printed).toBeGreaterThanOrEqual(lines);
  expect(await ended).toBe('SIGKILL');
}

it('asks only for the rest of a blob whose writer was killed', async () => {
  await killAfter(
    1,
    `const bytes = Buffer.alloc(5_000_000, 'gapferry');
     await depot.put({ digest: digestOf(bytes), size: bytes.byteLength }, async function* () {
       for (let at = 0; at < 4_000_000; at += 50_000) yield bytes.subarray(at, at + 50_000);
       await say('nearly');
       setInterval(() => {}, 1000);
       await new Promise(() => {});
     }, quietRun());`,
  );
  const bytes = Buffer.alloc(5_000_000, 'gapferry');
  const blob = { digest: digestOf(bytes), size: bytes.byteLength };
  const depot = await openDepot(home.join('depot'));
  expect(await depot.has(blob, quietRun())).toBe(false);
  expect(await readdir(home.join('depot', 'tmp'))).toEqual([`${hexOf(blob.digest)}.part`]);
  const left = (await stat(home.join('depot', 'tmp', `${hexOf(blob.digest)}.part`))).size;
  expect(left).toBeGreaterThanOrEqual(2 << 20);
  const froms: number[] = [];
  const source = async function* (from: number): AsyncIterable<Uint8Array> {
    froms.push(from);
    yield bytes.subarray(from);
  };
  await depot.put(blob, source, quietRun());
  expect(froms).toEqual([left]);
  expect(await readFile(home.join('depot', 'blobs', 'sha256', hexOf(blob.digest)))).toEqual(bytes);
});

it.each([1, 7, 23])(
  'has only whole blobs and releases under final names when killed at step %i',
  async (step) => {
    await killAfter(
      step,
      `const release = (n) => ({ manifest: Buffer.from('{"n":' + n + '}'), statement: Buffer.alloc(50_000, 's'),
       signatures: new Map([['a.sigstore.json', Buffer.from('a')]]), approvals: new Map() });
     for (let n = 1; ; n++) {
       const blobs = [1, 2, 3].map((part) => depot.add('x/y', Buffer.alloc(300_000 * part, 'n' + n + part), quietRun()));
       await say('step ' + n);
       await Promise.all([...blobs, depot.writeRelease({ channel: 'a', sequence: n }, release(n), quietRun())]);
     }`,
    );
    const depot = await openDepot(home.join('depot'));
    const directory = home.join('depot', 'blobs', 'sha256');
    for (const name of await readdir(directory))
      expect(hexOf(digestOf(await readFile(join(directory, name))))).toBe(name);
    const releases = await depot.listReleases();
    expect(releases.length).toBeGreaterThanOrEqual(step - 1);
    for (const address of releases) {
      const { manifest, statement, signatures } = await depot.readRelease(address);
      expect(Buffer.from(manifest).toString()).toBe(`{"n":${address.sequence}}`);
      expect([statement.byteLength, [...signatures.keys()]]).toEqual([50_000, ['a.sigstore.json']]);
    }
  },
);
