import type { PlanDifference, PlanFile, PlanFileStep } from '@gapferry/bundle';
import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { isOnlyDone, planDifferenceLines } from './format-plan-difference.ts';

const SAME: PlanDifference = { subject: [], conditions: [], steps: [], shown: [] };
const RELEASE: PlanFile['release'] = {
  channel: 'line-a',
  sequence: 3,
  version: '1.2.0',
  statement: digestOf('s'),
  manifest: digestOf('m'),
};
const STEP: PlanFileStep = {
  target: 'harbor',
  kind: 'image',
  item: 'image docker.io/library/app:1',
  place: 'oci docker.io/library/app:1',
  content: 'send',
  name: 'create',
  bytes: 2_000_000,
  state: digestOf('state'),
};
const DONE = { ...STEP, content: 'same', name: 'same', bytes: 0 } as const;

function moved(was: PlanFileStep | undefined, is: PlanFileStep | undefined): PlanDifference {
  const { target, place } = STEP;
  return { ...SAME, steps: [{ target, place, ...(was && { was }), ...(is && { is }) }] };
}

function short(text: string): string {
  return `${digestOf(text).slice(0, 19)}…`;
}

describe('what moved since a plan was approved', () => {
  it('is said of each step: what it was and what it is', () => {
    const place = 'image docker.io/library/app:1 at target harbor';
    expect(planDifferenceLines(moved(STEP, DONE))).toEqual([
      `${place} was send 2.00 MB and create, is there already`,
    ]);
    expect(planDifferenceLines(moved(undefined, STEP))).toEqual([
      `${place} came new: send 2.00 MB and create`,
    ]);
    expect(planDifferenceLines(moved(DONE, undefined))).toEqual([`${place} went: was there already`]);
  });

  it('is said where a step only does the same otherwise', () => {
    const moving = (old: string) => ({ ...DONE, name: 'move', replaces: { digest: digestOf(old) } }) as const;
    expect(planDifferenceLines(moved(moving('a'), moving('b')))[0]).toContain(
      `is still move, but replaces ${short('b')} and not ${short('a')}`,
    );
    expect(planDifferenceLines(moved(STEP, { ...STEP, makes: 'project a' }))[0]).toMatch(
      /with another makes$/,
    );
    expect(planDifferenceLines(moved(STEP, { ...STEP, state: digestOf('x') }))[0]).toMatch(
      /is still send 2\.00 MB and create, but the target or the ledger says something else of it$/,
    );
  });

  it('begins with what the file is about, then policy and site file', () => {
    const lines = planDifferenceLines({
      ...moved(STEP, DONE),
      subject: [
        { what: 'site', was: 'plant-7', is: 'plant-8' },
        { what: 'release', was: RELEASE, is: { ...RELEASE, sequence: 4, version: '1.3.0' } },
        { what: 'release', was: RELEASE, is: { ...RELEASE, statement: digestOf('t') } },
      ],
      conditions: [
        {
          what: 'trust',
          was: { version: 1, digest: digestOf('a') },
          is: { version: 2, digest: digestOf('b') },
        },
        { what: 'siteFile', was: digestOf('a'), is: digestOf('b') },
      ],
    });
    expect(lines.slice(0, 5)).toEqual([
      'it is a plan for site plant-7, and this is site plant-8',
      'it is a plan for release line-a/3 (1.2.0), and this is line-a/4',
      `it is a plan for another release line-a/3: 1.2.0, statement ${short('s')}, and this is 1.2.0, statement ${short('t')}`,
      `the trust policy changed (was version 1, ${short('a')}; is version 2, ${short('b')})`,
      `the site file changed (was ${short('a')}, is ${short('b')})`,
    ]);
  });

  it('tells of an order to go back that came, went, or is another one', () => {
    const order = (by: string, reason: string) => ({
      statement: digestOf(reason),
      from: digestOf('from'),
      reason,
      notAfter: '2026-12-01T23:59:59Z',
      signers: [{ key: by, owner: by }],
    });
    const text = (difference: object): string | undefined =>
      planDifferenceLines({ ...SAME, conditions: [{ what: 'override', ...difference }] })[0];
    const [one, other] = [order('anna', 'it loses messages'), order('boris', 'it is slow')];
    const [first, second] = [
      `override ${short('it loses messages')} of anna: it loses messages`,
      `override ${short('it is slow')} of boris: it is slow`,
    ];
    expect(text({ is: one })).toBe(`it says nothing of going back, and this goes back by ${first}`);
    expect(text({ was: one })).toBe(`it goes back by ${first}, and this does not`);
    expect(text({ was: one, is: other })).toBe(`it goes back by another order (was ${first}; is ${second})`);
  });

  it('names ten steps and counts the others', () => {
    const [one] = moved(STEP, DONE).steps;
    const lines = planDifferenceLines({ ...SAME, steps: Array.from({ length: 12 }, () => one as never) });
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('and 2 more steps');
  });

  it('is short, whatever names a file has', () => {
    const place = `file ${'x'.repeat(8000)}`;
    const [one] = moved(STEP, DONE).steps;
    const [line = ''] = planDifferenceLines({ ...SAME, steps: [{ ...one, place } as never] });
    expect(line.length).toBeLessThan(700);
  });

  it('cannot move the cursor of a terminal', () => {
    const place = 'oci a\u001b[2J';
    const { steps } = moved(STEP, DONE);
    expect(
      planDifferenceLines({ ...SAME, steps: steps.map((step) => ({ ...step, place })) })[0],
    ).not.toContain('\u001b');
  });

  it('is only done where every step came nearer to its end', () => {
    expect(isOnlyDone(moved(STEP, DONE))).toBe(true);
    expect(isOnlyDone(moved(STEP, { ...STEP, content: 'same' }))).toBe(true);
    expect(isOnlyDone(moved(DONE, STEP))).toBe(false);
    expect(isOnlyDone(moved(STEP, undefined))).toBe(false);
    expect(isOnlyDone({ ...moved(STEP, DONE), shown: ['totals'] })).toBe(false);
    expect(isOnlyDone(SAME)).toBe(false);
  });
});
