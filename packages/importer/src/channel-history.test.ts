import { simulatedRelease } from '@gapferry/bundle/testing';
import { digestOf, GapferryError } from '@gapferry/core';
import { memoryLedger } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ChannelHistory, channelHistories } from './channel-history.ts';
import { Inside, ITEMS, meddledTarget, secondRelease } from './testing/inside.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

const history = (): ChannelHistory | undefined => channelHistories(inside.ledger).get('line-a');
const release = (sequence: number, statement: string): Record<string, unknown> => ({
  channel: 'line-a',
  sequence,
  statement: digestOf(statement),
});

describe('the history of a channel', () => {
  it('is that of no channel at first', () => {
    expect(channelHistories(inside.ledger).size).toBe(0);
  });

  it('says what is loaded, since when, when it was last found whole, and by which receipt', async () => {
    const statement = await inside.carryFirst();
    const { receipt } = await inside.importRelease();
    inside.clock.advance(3600);
    await inside.importRelease();
    expect(history()).toEqual({
      loaded: {
        sequence: 1,
        statement,
        version: expect.any(String),
        since: '2026-03-20T00:00:00Z',
        proved: '2026-03-20T01:00:00Z',
        receipt: receipt?.statement,
      },
      overrides: [],
    });
  });

  it('says what is partly loaded beside what was loaded before it, and forgets it when it is done', async () => {
    const previous = await inside.carryFirst();
    await inside.importRelease();
    const images = { 'docker.io/library/nginx:1.27': 'nginx new' };
    await inside.carry(simulatedRelease({ ...ITEMS, images }, 2, previous));
    const broken = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.phase === 'name') throw new GapferryError({ code: 'SERVER_ERROR', message: 'no' });
        return { state: 'same', bytes: 0 };
      },
    });
    await inside.importRelease(secondRelease, { targets: new Map([['depot', broken]]) });
    expect(history()).toMatchObject({
      loaded: { sequence: 1 },
      unfinished: { sequence: 2, how: 'partly-loaded' },
    });
    await inside.importRelease(secondRelease);
    expect(history()).toMatchObject({ loaded: { sequence: 2 } });
    expect(history()).not.toHaveProperty('unfinished');
  });

  it('says what stopped an import, and that one was broken off without a word', () => {
    inside.ledger.append('import.began', { ...release(4, 'd'), version: '4.0.0' } as never);
    expect(history()?.unfinished).toMatchObject({ how: 'broken off', version: '4.0.0', sequence: 4 });
    inside.ledger.append('import.stopped', {
      ...release(4, 'd'),
      code: 'NO_SPACE',
      message: 'full',
    } as never);
    expect(history()).toMatchObject({
      unfinished: { how: 'stopped', version: '4.0.0', code: 'NO_SPACE', message: 'full' },
    });
    expect(history()).not.toHaveProperty('loaded');
  });

  it('says what is staged, until it or something newer is loaded', async () => {
    const statement = await inside.carryFirst();
    await inside.stage(await inside.plan());
    expect(history()).toEqual({
      staged: { sequence: 1, statement, version: expect.any(String), at: '2026-03-20T00:00:00Z' },
      overrides: [],
    });
    await inside.importRelease();
    expect(history()).not.toHaveProperty('staged');
    await inside.stage(await inside.plan());
    expect(history()).not.toHaveProperty('staged');
    expect(history()).not.toHaveProperty('unfinished');
  });

  it('calls nothing staged of which names may stand: not when it is staged again, nor when activating it stops', async () => {
    await inside.carryFirst();
    const failing = (code: 'SERVER_ERROR' | 'LEDGER_UNWRITABLE') => {
      const target = meddledTarget(inside.target, {
        load: async (load) => {
          if (load.kind === 'git' && load.phase === 'name') {
            if (code === 'LEDGER_UNWRITABLE') throw new TypeError('a bug');
            throw new GapferryError({ code, message: 'no' });
          }
          return { state: 'same', bytes: 0 };
        },
      });
      return { targets: new Map([['depot', target]]) };
    };
    await inside.importRelease(undefined, failing('SERVER_ERROR'));
    await inside.stage(await inside.plan());
    expect(history()).toMatchObject({ unfinished: { sequence: 1, how: 'partly-loaded' } });
    expect(history()).not.toHaveProperty('staged');
    for (const kind of ['import.began', 'import.staged'])
      inside.ledger.append(kind, release(2, 'b') as never);
    expect(history()).toMatchObject({
      staged: { sequence: 2 },
      unfinished: { sequence: 1, how: 'partly-loaded', version: '1.1.0' },
    });

    inside = new Inside();
    await inside.carryFirst();
    await inside.stage(await inside.plan());
    await expect(inside.importRelease(undefined, failing('LEDGER_UNWRITABLE'))).rejects.toThrow('a bug');
    expect(history()).toMatchObject({ unfinished: { sequence: 1, how: 'stopped' } });
    expect(history()).not.toHaveProperty('staged');
  });

  it('lists every override with its reason, once, and says which one led to what is loaded', () => {
    const override = digestOf('override');
    const began = { ...release(1, 'a'), override, back: { reason: '17 loses messages' } };
    inside.ledger.append('import.began', began as never);
    inside.ledger.append('import.began', began as never);
    inside.ledger.append('import.finished', {
      ...release(1, 'a'),
      record: { status: 'loaded', version: '1' },
    } as never);
    expect(history()).toMatchObject({
      loaded: { sequence: 1, override },
      overrides: [{ override, index: 1, reason: '17 loses messages', to: { sequence: 1 } }],
    });
    inside.ledger.append('import.began', release(2, 'b') as never);
    inside.ledger.append('import.finished', { ...release(2, 'b'), record: { status: 'loaded' } } as never);
    expect(history()?.loaded).not.toHaveProperty('override');
    expect(history()?.overrides).toHaveLength(1);
  });

  it('passes over entries of kinds and shapes that it does not know', () => {
    const ledger = memoryLedger();
    ledger.append('import.began', { channel: 7, sequence: 'x' });
    ledger.append('import.finished', { ...release(1, 'a'), record: 'none' } as never);
    ledger.append('prune.began', release(9, 'z') as never);
    expect([...channelHistories(ledger).keys()]).toEqual(['line-a']);
  });
});
