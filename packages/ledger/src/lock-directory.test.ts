import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { quietRun } from '@gapferry/core';
import { fixedClock, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { lockDirectory, lockHolder } from './lock-directory.ts';

const options = { clock: fixedClock('2026-03-01T12:00:00Z'), run: quietRun() };
let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

it('lets one in at a time, and names the one who is in', async () => {
  const lock = await lockDirectory(home.path, 'collect bundles/demo', options);
  const second = lockDirectory(home.path, 'export', options);
  await expect(second).rejects.toMatchObject({
    code: 'LOCKED',
    category: 'storage',
    message: expect.stringContaining(
      `by ${userInfo().username} on ${hostname()}, process ${process.pid}, since 2026-03-01T12:00:00Z: collect bundles/demo`,
    ),
    data: { pid: process.pid, user: userInfo().username, host: hostname(), purpose: 'collect bundles/demo' },
  });
  await lock.release();
  await lock.release();
  await (await lockDirectory(home.path, 'export', options)).release();
});

it('locks each directory for itself, and makes it where it is not there', async () => {
  const one = await lockDirectory(home.join('new', 'one'), 'x', options);
  const two = await lockDirectory(home.join('new', 'two'), 'x', options);
  await one.release();
  await two.release();
});

it('waits for the other one as long as it is told to', async () => {
  const first = await lockDirectory(home.path, 'first', options);
  const second = lockDirectory(home.path, 'second', { ...options, waitMs: 60_000 });
  await first.release();
  await (await second).release();
});

it('stops waiting on request', async () => {
  const first = await lockDirectory(home.path, 'first', options);
  const stop = new AbortController();
  const second = lockDirectory(home.path, 'second', {
    ...options,
    run: quietRun(stop.signal),
    waitMs: 60_000,
  });
  stop.abort();
  await expect(second).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await first.release();
});

it('is free again when its holder was killed', async () => {
  const program = `
    import { lockDirectory } from ${JSON.stringify(new URL('./lock-directory.ts', import.meta.url).href)};
    const run = { signal: new AbortController().signal, emit() {} };
    await lockDirectory(${JSON.stringify(home.path)}, 'to be killed', { clock: { now: () => new Date() }, run });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const flags = ['--conditions=gapferry-source', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, flags, {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const refused = lockDirectory(home.path, 'second', options);
  await expect(refused).rejects.toMatchObject({
    code: 'LOCKED',
    data: { pid: child.pid, purpose: 'to be killed' },
  });
  child.kill('SIGKILL');
  await exited;
  const lock = await lockDirectory(home.path, 'third', options);
  expect(JSON.parse(await readFile(home.join('lock.json'), 'utf8'))).toMatchObject({ purpose: 'third' });
  await lock.release();
});

it('names a holder who writes the note only now', async () => {
  const lock = await lockDirectory(home.path, 'first', options);
  const note = await readFile(home.join('lock.json'));
  await rm(home.join('lock.json'));
  const second = lockDirectory(home.path, 'second', options);
  const refused = expect(second).rejects.toMatchObject({ data: { pid: process.pid, purpose: 'first' } });
  await writeFile(home.join('lock.json'), note);
  await refused;
  await lock.release();
});

it('names nobody when the note is not there or unreadable', async () => {
  const lock = await lockDirectory(home.path, 'first', options);
  await writeFile(home.join('lock.json'), 'half of a no');
  await expect(lockDirectory(home.path, 'second', options)).rejects.toMatchObject({
    code: 'LOCKED',
    data: { path: home.path },
  });
  await lock.release();
});

it('tells who holds it without asking for it, as long as that process lives', async () => {
  expect(await lockHolder(home.path)).toBeUndefined();
  const lock = await lockDirectory(home.path, 'import', options);
  expect(await lockHolder(home.path)).toMatchObject({ pid: process.pid, purpose: 'import' });
  const note = JSON.parse(await readFile(home.join('lock.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(home.join('lock.json'), JSON.stringify({ ...note, pid: 0x3fffffff }));
  expect(await lockHolder(home.path)).toBeUndefined();
  await writeFile(home.join('lock.json'), JSON.stringify({ ...note, host: 'another' }));
  expect(await lockHolder(home.path)).toBeUndefined();
  await lock.release();
});

it('names the process alone when an older version wrote the note', async () => {
  const lock = await lockDirectory(home.path, 'first', options);
  await writeFile(home.join('lock.json'), '{"pid":7,"purpose":"import \\u001b[2Jstick","since":"yesterday"}');
  await expect(lockDirectory(home.path, 'second', options)).rejects.toMatchObject({
    message: expect.stringMatching(/ by process 7, since yesterday: import \P{Cc}*stick$/u),
  });
  await lock.release();
});

it('follows no link that a medium brings', async () => {
  await symlink(home.join('target'), home.join('lock.db'));
  await expect(lockDirectory(home.path, 'x', options)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
});

it('writes through no link in place of the note', async () => {
  await writeFile(home.join('precious'), 'keep');
  await symlink(home.join('precious'), home.join('lock.json'));
  await (await lockDirectory(home.path, 'x', options)).release();
  expect(await readFile(home.join('precious'), 'utf8')).toBe('keep');
});

it('opens no database that a medium brings as the lock', async () => {
  const { default: Sqlite } = await import('better-sqlite3');
  const brought = new Sqlite(home.join('lock.db'));
  brought.exec('CREATE TABLE anything (x)');
  brought.close();
  const before = await readFile(home.join('lock.db'));
  await writeFile(home.join('lock.db-journal'), 'played back by whoever opens the database');
  await expect(lockDirectory(home.path, 'x', options)).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  expect(await readFile(home.join('lock.db'))).toEqual(before);
  expect(await readFile(home.join('lock.db-journal'), 'utf8')).toMatch(/^played/);
});
