import { quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { listeningRun } from './testing/inside.ts';
import { watchRun } from './watch-run.ts';

const still = (): number => 0;

describe('a watched run', () => {
  it('passes everything on, and is stopped with the one it watches', () => {
    const inner = listeningRun(1);
    const watched = watchRun(inner, still);
    watched.emit({ kind: 'stage', stage: 'verify' });
    expect(watched.signal.aborted).toBe(false);
    watched.emit({ kind: 'warning', message: 'a' });
    expect(watched.signal.aborted).toBe(true);
    expect(inner.events).toHaveLength(2);
  });

  it('keeps each warning once, and says how many it could not keep', () => {
    const watched = watchRun(quietRun(), still);
    for (let n = 0; n < 1005; n += 1) watched.emit({ kind: 'warning', message: `warning ${n}` });
    watched.emit({ kind: 'warning', message: 'warning 7' });
    watched.emit({ kind: 'warning', message: 'warning 7', item: 'file a' });
    const { warnings, unheard } = watched.account();
    expect([warnings.length, unheard]).toEqual([1000, 6]);
  });

  it('keeps no more bytes than an entry of the ledger takes, and no control characters', () => {
    const watched = watchRun(quietRun(), still);
    for (let n = 0; n < 900; n += 1)
      watched.emit({ kind: 'warning', message: `${n}\u001b[2J${'€'.repeat(5000)}` });
    const { warnings, unheard } = watched.account();
    expect(warnings.length + unheard).toBe(900);
    expect(Buffer.byteLength(JSON.stringify(warnings))).toBeLessThan((1 << 20) + 2);
    expect(warnings[0]?.message).not.toContain('\u001b');
  });

  it('cuts a warning into text that a ledger takes', () => {
    const watched = watchRun(quietRun(), still);
    const long = `${'x'.repeat(1999)}\u{1F6AB}${'x'.repeat(9)}`;
    watched.emit({ kind: 'warning', message: long, item: long });
    const [{ message, item } = { message: '' }] = watched.account().warnings;
    expect([message.isWellFormed(), item?.isWellFormed()]).toEqual([true, true]);
  });

  it('measures from the beginning of verifying to the next stage, also when it is told late', () => {
    let now = 100;
    const watched = watchRun(quietRun(), () => now);
    watched.emit({ kind: 'stage', stage: 'verify', bytes: 5000 });
    now = 350.6;
    watched.emit({ kind: 'stage', stage: 'survey' });
    now = 900;
    watched.emit({ kind: 'stage', stage: 'apply' });
    expect(watched.account().verification).toEqual({ bytes: 5000, ms: 251 });
  });

  it('adds up what is verified in two parts, and nothing of what lies between', () => {
    let now = 0;
    const watched = watchRun(quietRun(), () => now);
    for (const [at, stage, bytes] of [
      [0, 'verify', 0],
      [100, 'survey', 0],
      [200, 'verify', 5000],
      [250, 'plan', 0],
      [9000, 'apply', 0],
    ] as const) {
      now = at;
      watched.emit({ kind: 'stage', stage, bytes });
    }
    expect(watched.account().verification).toEqual({ bytes: 5000, ms: 150 });
  });

  it('says nothing of verifying when there was none', () => {
    const watched = watchRun(quietRun(), still);
    watched.emit({ kind: 'stage', stage: 'survey' });
    expect(watched.account()).toEqual({ warnings: [], unheard: 0 });
  });
});
