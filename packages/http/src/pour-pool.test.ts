import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { digestOf } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPourPool } from './pour-pool.ts';

const workers: Worker[] = [];
const note = (worker: Worker): void => void workers.push(worker);
beforeAll(() => void process.on('worker', note));
afterAll(() => void process.off('worker', note));

const bytes = Buffer.from('what was there');

describe('a receiving worker', () => {
  it('that fails ends its sessions, and is asked nothing any more', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'part');
    await writeFile(path, bytes);
    await using file = await open(path, 'r+');
    const pool = createPourPool();
    const into = { fd: file.fd, from: bytes.byteLength };
    const session = await pool.open(into);
    await workers[0]?.terminate();
    await expect(session.close()).rejects.toMatchObject({ code: 'INTERNAL' });
    const next = await pool.open(into);
    expect(await next.close()).toBe(digestOf(bytes));
    expect(workers).toHaveLength(2);
    pool.close();
  });

  it('survives an address that nothing can be dialled at', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'part');
    await writeFile(path, bytes);
    await using file = await open(path, 'r+');
    const pool = createPourPool();
    const session = await pool.open({ fd: file.fd, from: 0 });
    const dial = { host: '127.0.0.1', port: 70_000, connectMs: 1000 };
    await expect(session.ask(dial, 'GET /')).rejects.toMatchObject({ code: 'ERR_SOCKET_BAD_PORT' });
    expect(await session.close()).toBe(digestOf(Buffer.alloc(0)));
    pool.close();
  });
});
