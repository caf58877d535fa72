import { expect, it } from 'vitest';
import { bytesSent, workingSilence } from './silence.ts';

it('knows from what git says how much was sent, and when', () => {
  const before = 'Enumerating objects: 3, done.\nWriting objects: 100% (3/3), 1.50 MiB | 202.00 KiB/s';
  expect(bytesSent(before)).toBeUndefined();
  const done = `${before}\rWriting objects: 100% (3/3), 1.50 MiB | 202.00 KiB/s, done.\nTotal 3 (delta 0), reused 0\n`;
  expect(bytesSent(done)).toBe(1_572_864);
  expect(bytesSent('Writing objects: 100% (3/3), 202 bytes | 9 KiB/s, done.\nTotal 3 (delta 0)')).toBe(202);
  expect(bytesSent('Total 0 (delta 0), reused 0 (delta 0), pack-reused 0\n')).toBe(0);
  // A server that says so has not been given everything.
  expect(bytesSent('remote: Total 3 (delta 0)\n')).toBeUndefined();
});

it('gives a server a minute, and more for what it has to index and to write', () => {
  expect(workingSilence({ refs: 1, bytes: 2000 }, 60_000)).toBeLessThan(61_000);
  expect(workingSilence({ refs: 0, bytes: 128 * 2 ** 20 }, 60_000)).toBeGreaterThan(300_000);
  expect(workingSilence({ refs: 100_000, bytes: 0 }, 60_000)).toBe(2_060_000);
});
