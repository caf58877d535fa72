import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ProcessCommand, startProcess } from './git-process.ts';

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

describe('silence', () => {
  afterEach(() => void vi.useRealTimers());

  /** A shell that does one line of its script for each that it reads, and tells on stdout when that is done. */
  function script(lines: readonly string[], more: Partial<ProcessCommand>) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const steps = new EventTarget();
    async function* input(): AsyncIterable<Uint8Array> {
      for (;;) {
        await once(steps, 'step');
        yield Buffer.from('\n');
      }
    }
    const started = startProcess({
      program: 'sh',
      args: ['-c', [...lines, ':'].map((line) => `read _; ${line}; echo done`).join('\n')],
      directory: '/',
      environment: { PATH: process.env['PATH'] ?? '' },
      input: input(),
      signal: new AbortController().signal,
      idleTimeoutMs: 60_000,
      ...more,
    });
    const output = started.output[Symbol.asyncIterator]();
    const step = async (): Promise<void> => {
      steps.dispatchEvent(new Event('step'));
      await output.next();
      // What it said before on other descriptors has been heard as well then.
      await new Promise((resolve) => setImmediate(resolve));
    };
    /** Milliseconds of silence, in seconds' steps; in the last one it is killed for not ending by itself. */
    const endsAfter = async (): Promise<number> => {
      let ms = 0;
      for (; vi.getTimerCount() > 0; ms += 1000) vi.advanceTimersByTime(1000);
      vi.useRealTimers();
      await output.return?.();
      expect(await started.ended).toEqual({ kind: 'idle', ms: ms - 1000 });
      return ms - 1000;
    };
    return { step, endsAfter };
  }

  it('ends a process after the time that it may be silent', async () => {
    const { step, endsAfter } = script([':'], {});
    await step();
    vi.advanceTimersByTime(59_000);
    await step();
    expect(await endsAfter()).toBe(60_000);
  });

  it('is not what is written to the third descriptor', async () => {
    const { step, endsAfter } = script(['echo packet >&3', 'sleep 0'], { listens: true });
    vi.advanceTimersByTime(59_000);
    await step();
    expect(await endsAfter()).toBe(60_000);
  });

  it('may be longer as soon as the process says that somebody works for it', async () => {
    const patience = (said: string): number | undefined => (/^Total \d/m.test(said) ? 200_000 : undefined);
    const { step, endsAfter } = script(['echo Counting >&2', 'printf "To">&2; echo "tal 3">&2', ':'], {
      patience,
    });
    await step();
    vi.advanceTimersByTime(59_000);
    await step();
    vi.advanceTimersByTime(199_000);
    await step();
    expect(await endsAfter()).toBe(200_000);
  });

  it('is told of while it lasts, and from the beginning when something was heard', async () => {
    const told: number[] = [];
    const { step, endsAfter } = script([':', ':'], { onSilence: (ms) => told.push(ms) });
    await step();
    vi.advanceTimersByTime(25_000);
    expect(told.splice(0)).toEqual([10_000, 20_000]);
    await step();
    await endsAfter();
    expect(told).toEqual([10_000, 20_000, 40_000]);
  });

  it('may be longer from the beginning', async () => {
    const { endsAfter } = script([':'], { patience: () => 90_000 });
    expect(await endsAfter()).toBe(90_000);
  });
});
