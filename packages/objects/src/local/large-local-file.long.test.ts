import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hexOf, quietRun } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { localFiles } from './local-files.ts';

it('hashes a file of 5 GB on this machine in little memory, as sha256sum does', async () => {
  await using directory = await temporaryDirectory();
  const path = directory.join('large');
  // Most of it is a hole.
  await using file = await open(path, 'w');
  await file.write(Buffer.from('the end'), 0, 7, 5_400_000_000);
  const before = process.memoryUsage().rss;
  const pin = await localFiles(directory.path).resolve({ kind: 'file', path, as: 'large' }, quietRun());
  const grown = process.memoryUsage().rss - before;
  const { stdout } = await promisify(execFile)('sha256sum', [path]);
  expect('sha256' in pin && hexOf(pin.sha256)).toBe(stdout.slice(0, 64));
  expect(grown).toBeLessThan(100_000_000);
}, 120_000);
