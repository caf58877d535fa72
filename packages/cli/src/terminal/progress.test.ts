import { describe, expect, it } from 'vitest';
import { lineProgress } from './progress.ts';

function listen() {
  const lines: string[] = [];
  let now = 0;
  const err = (line: string): void => void lines.push(line);
  const output = { out: () => {}, err, interactive: false, color: false };
  const progress = lineProgress(output, 5000, () => now);
  return { lines, progress, pass: (ms: number) => (now += ms) };
}

describe('lineProgress', () => {
  it('says how much, of how much, what was there, how fast, how long still, and what is under way', () => {
    const { lines, progress, pass } = listen();
    progress.tell({ kind: 'stage', stage: 'fetch', items: 3 });
    for (const item of ['a', 'b', 'c']) progress.tell({ kind: 'item-started', item, bytes: 100_000_000 });
    progress.tell({ kind: 'bytes', item: 'a', bytes: 100_000_000, reused: true });
    progress.tell({ kind: 'item-done', item: 'a', outcome: 'reused' });
    pass(5000);
    progress.tell({ kind: 'bytes', item: 'b', bytes: 50_000_000 });
    expect(lines).toEqual([
      '  fetching 3 item(s)',
      '  fetching: 150 MB of 300 MB (100 MB were there), 10.0 MB/s, 15 s left; b and 1 more',
    ]);
  });

  it('tells in one line how attachments were looked for, when the next stage begins', () => {
    const { lines, progress } = listen();
    progress.tell({ kind: 'lookup', item: 'a', requests: 4 });
    progress.tell({ kind: 'lookup', item: 'b', requests: 5 });
    progress.tell({ kind: 'lookup', item: 'c', requests: 0, age: 7_200_000 });
    progress.tell({ kind: 'stage', stage: 'fetch', items: 3 });
    progress.tell({ kind: 'stage', stage: 'assemble' });
    expect(lines).toEqual([
      '  attachments: 2 item(s) looked up (9 requests), 1 item(s) as found up to 2 h ago (--refresh looks again)',
      '  fetching 3 item(s)',
    ]);
  });

  it('counts verifying and loading as one: how long both take, and then what is left of the second', () => {
    const { lines, progress, pass } = listen();
    progress.tell({ kind: 'loading-follows', rate: 10_000_000 });
    progress.tell({ kind: 'stage', stage: 'verify', items: 2, bytes: 1_000_000_000 });
    pass(5000);
    progress.tell({ kind: 'bytes', item: 'sha256:aa', bytes: 500_000_000 });
    progress.tell({ kind: 'stage', stage: 'survey', items: 2 });
    progress.tell({ kind: 'stage', stage: 'apply', items: 2, bytes: 400_000_000 });
    pass(5000);
    progress.tell({ kind: 'bytes', item: 'a', bytes: 100_000_000 });
    expect(lines).toEqual([
      '  verifying 2 item(s), 1.00 GB',
      '  verifying: 500 MB of 1.00 GB, 100 MB/s, at most 1 min 45 s left with loading; sha256:aa',
      '  asking the targets 2 item(s)',
      '  loading 2 item(s), 400 MB',
      '  loading: 100 MB of 400 MB, 20.0 MB/s, 15 s left; a',
    ]);
  });

  it('does not guess how long loading takes where no import has told', () => {
    const { lines, progress, pass } = listen();
    progress.tell({ kind: 'loading-follows' });
    progress.tell({ kind: 'stage', stage: 'verify', items: 2, bytes: 1_000_000_000 });
    pass(5000);
    progress.tell({ kind: 'bytes', item: 'sha256:aa', bytes: 500_000_000 });
    expect(lines[1]).toBe('  verifying: 500 MB of 1.00 GB, 100 MB/s, 5.0 s left, then loading; sha256:aa');
  });

  it('says every retry and every warning at once, without control characters', () => {
    const { lines, progress } = listen();
    progress.tell({
      kind: 'retry',
      item: 'a\u001b[2J',
      place: 'x.test',
      attempt: 2,
      waitMs: 500,
      reason: 'cut',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('trying again (2) in');
    expect(lines[0]).not.toContain('\u001b');
  });

  it('names what is tried again and where once', () => {
    const { lines, progress } = listen();
    const retry = { kind: 'retry', item: 'x.test/a', place: 'x.test', attempt: 2, waitMs: 500 } as const;
    progress.tell({ ...retry, reason: 'cut' });
    progress.tell({ ...retry, reason: 'x.test was asked for x.test/a: the connection was cut' });
    expect(lines.map((line) => line.replace(/^.*?: /, ''))).toEqual([
      'x.test/a from x.test: cut',
      'x.test was asked for x.test/a: the connection was cut',
    ]);
  });

  it('says once whom everybody waits for, and how long', () => {
    const { lines, progress, pass } = listen();
    const silence = { kind: 'silence', place: 'x.test:5000' } as const;
    for (const item of ['a', 'b', 'c']) progress.tell({ ...silence, item, ms: 10_000 });
    progress.tell({ ...silence, place: 'y.test', item: 'd', ms: 10_000 });
    pass(10_000);
    for (const item of ['a', 'b', 'c']) progress.tell({ ...silence, item, ms: 20_000 });
    expect(lines).toEqual([
      '  waiting for x.test:5000, silent for 10 s: a',
      '  waiting for y.test, silent for 10 s: d',
      '  waiting for x.test:5000, silent for 20 s: a',
    ]);
  });
});
