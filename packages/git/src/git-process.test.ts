import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startProcess } from './git-process.ts';

/** `head -c 4` has what it wants after the first chunk and ends, like index-pack at the trailer of a pack. */
function headOf(input: AsyncIterable<Uint8Array>) {
  return startProcess({
    program: 'head',
    args: ['-c', '4'],
    directory: '/',
    environment: { PATH: process.env['PATH'] ?? '' },
    input,
    signal: new AbortController().signal,
  });
}

async function drain(output: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of output);
}

it('a process that ends when it has all of its input has read it, however late the input says that it is over', async () => {
  const over = new EventTarget();
  async function* input(): AsyncIterable<Uint8Array> {
    yield Buffer.from('pack');
    await once(over, 'over');
  }
  const started = headOf(input());
  await drain(started.output);
  // Its end of the pipe is noticed in a later turn of the loop.
  for (let turn = 0; turn < 20; turn++) await sleep(1);
  over.dispatchEvent(new Event('over'));
  expect(await started.ended).toEqual({ kind: 'exit', status: 0 });
});

it('one that ends before there is more has not', async () => {
  const over = new EventTarget();
  async function* input(): AsyncIterable<Uint8Array> {
    yield Buffer.from('pack');
    await once(over, 'over');
    yield Buffer.from('and more');
  }
  const started = headOf(input());
  await drain(started.output);
  for (let turn = 0; turn < 20; turn++) await sleep(1);
  over.dispatchEvent(new Event('over'));
  expect(await started.ended).toEqual({ kind: 'unread' });
});
