import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fixedClock } from '../fixed-clock.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { appendBytes, flipByte, truncateFile } from './damaged-file.ts';
import { recordCalls } from './recorded-calls.ts';

describe('damaged files', () => {
  it('differ in exactly one byte, and flipping twice heals', async () => {
    await using home = await temporaryDirectory();
    const path = home.join('f');
    await writeFile(path, 'abc');
    await flipByte(path, 1);
    expect([...(await readFile(path))]).toEqual([0x61, 0x62 ^ 0xff, 0x63]);
    await flipByte(path, -2);
    expect(await readFile(path, 'utf8')).toBe('abc');
    await expect(flipByte(path, 3)).rejects.toThrow(RangeError);
  });

  it('end early or go on', async () => {
    await using home = await temporaryDirectory();
    const path = home.join('f');
    await writeFile(path, 'abc');
    await truncateFile(path, 2);
    await appendBytes(path, 'xyz');
    expect(await readFile(path, 'utf8')).toBe('abxyz');
  });
});

describe('recorded calls', () => {
  it('are in order, also those of what a method opened', async () => {
    await using home = await temporaryDirectory();
    const { object: files, calls, methods } = recordCalls({ open, rename }, ['open']);
    const file = await files.open(home.join('tmp'), 'w');
    await file.write('text');
    await file.sync();
    await file.close();
    await files.rename(home.join('tmp'), home.join('final'));
    expect(methods()).toEqual(['open', 'open.write', 'open.sync', 'open.close', 'rename']);
    expect(calls[4]?.args).toEqual([home.join('tmp'), home.join('final')]);
    expect(await readFile(home.join('final'), 'utf8')).toBe('text');
  });

  it('keep private fields and plain properties working', () => {
    class Counter {
      #count = 0;
      readonly name = 'counter';
      up(): number {
        this.#count += 1;
        return this.#count;
      }
    }
    const { object, methods } = recordCalls(new Counter());
    expect([object.up(), object.up(), object.name]).toEqual([1, 2, 'counter']);
    expect(methods()).toEqual(['up', 'up']);
  });
});

describe('the fixed clock', () => {
  it('stands still until it is moved', () => {
    const clock = fixedClock('2026-01-01T00:00:00Z');
    clock.now().setFullYear(1999);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
    clock.advance(90);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:01:30.000Z');
    expect(() => fixedClock('soon')).toThrow(TypeError);
  });
});
