import { type HostNotes, type NotedTarget, quietRun, type RunEvent } from '@gapferry/core';
import { memoryTarget } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { hostWarnings, tellHostNotes } from './tell-host-notes.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

function clock(host: string, minutes: number): HostNotes & { target: string } {
  return { target: host, host, clockAhead: minutes * MINUTE };
}

describe('clocks that differ', () => {
  it.each([-5, 0, 5])('are nobody’s trouble at %d minutes', (minutes) => {
    expect(hostWarnings([clock('a', minutes)])).toEqual([]);
  });

  it.each([
    [5.1, 'is 5 minutes ahead of'],
    [-6, 'is 6 minutes behind'],
    [180, 'is 3 hours ahead of'],
    [-365 * 24 * 60, 'is 365 days behind'],
  ])('are told at %d minutes', (minutes, said) => {
    const [only, ...more] = hostWarnings([clock('a', minutes)]);
    expect(only).toContain(said);
    expect(only).toContain('one of them is wrong');
    expect(more).toEqual([]);
  });

  it('are this machine’s where two hosts agree against it', () => {
    const told = hostWarnings([clock('a', 30), clock('b', 30.5)]);
    expect(told).toHaveLength(2);
    expect(told.every((one) => one.includes("this machine's clock is wrong"))).toBe(true);
  });

  it('are the host’s where another agrees with this machine', () => {
    expect(hostWarnings([clock('a', 30), clock('b', 0.5)])).toEqual([
      expect.stringContaining('probably the clock of a is wrong'),
    ]);
  });
});

describe('certificates that end', () => {
  it.each([
    [15, []],
    [14.1, []],
    [13.5, [expect.stringContaining('counts for 13 days only')]],
    [0.01, [expect.stringContaining('counts for 14 minutes only')]],
  ])('are told two weeks before: %d days', (days, told) => {
    expect(hostWarnings([{ target: 'a', host: 'a', certificateLeft: days * DAY }])).toEqual(told);
  });
});

describe('notes of targets', () => {
  it('are told once for each host, and change nothing where nobody has any', () => {
    const noted = (name: string): NotedTarget => ({
      ...memoryTarget(name),
      hostNotes: () => [{ host: 'harbor.plant', clockAhead: 10 * MINUTE }],
    });
    const events: RunEvent[] = [];
    const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
    tellHostNotes([noted('images'), noted('charts'), memoryTarget('depot')], run);
    expect(events).toEqual([
      { kind: 'warning', message: expect.stringContaining('harbor.plant (target images)') },
    ]);
  });
});
