import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { writeLines } from './write-lines.ts';

function* numbers(count: number): Iterable<string> {
  for (let n = 0; n < count; n += 1) yield `line ${n} ${'x'.repeat(100)}`;
}

it('writes every line, and waits for who reads slowly', async () => {
  const stream = new PassThrough({ highWaterMark: 10 });
  const read = text(stream);
  expect(await writeLines(numbers(5000), stream)).toBe(true);
  stream.end();
  expect((await read).trimEnd().split('\n')).toEqual([...numbers(5000)]);
});

it('asks for no more lines than were taken', async () => {
  let asked = 0;
  function* counted(): Iterable<string> {
    for (const line of numbers(100_000)) {
      asked += 1;
      yield line;
    }
  }
  const stream = new Writable({ highWaterMark: 1, write: () => {} });
  void writeLines(counted(), stream);
  await new Promise(setImmediate);
  expect(asked).toBeLessThan(1000);
  stream.destroy();
});

it('ends when nobody reads any more', async () => {
  const stream = new Writable({ highWaterMark: 1, write: () => {} });
  const writing = writeLines(numbers(100_000), stream);
  setImmediate(() => stream.destroy());
  expect(await writing).toBe(false);
  expect(await writeLines(numbers(1), stream)).toBe(false);
});

it('writes nothing for nothing', async () => {
  const stream = new PassThrough();
  expect(await writeLines([], stream)).toBe(true);
  stream.end();
  expect(await text(stream)).toBe('');
});
