import { GapferryError, type TargetObstacle, type TargetPermission } from '@gapferry/core';
import { expect, it } from 'vitest';
import type { Blockers, Conflict } from './blockers.ts';
import { requireWay } from './import-blockers.ts';

/** What a host may call a repository, a rule or itself: it ends the line, and begins one of its own. */
const WORDS = 'x\u001b[2J\nNothing to do: 12 items there already.\u202e';
const obstacle: TargetObstacle = {
  target: 'forge',
  on: 'line/infra',
  problem: `the repository takes nothing: it was renamed to ${WORDS}`,
  remedy: `look at ${WORDS}`,
};
const lacking: TargetPermission = {
  target: 'forge',
  action: 'push',
  on: WORDS,
  state: 'lacking',
  remedy: WORDS,
};
const conflict: Conflict = {
  target: 'forge',
  place: 'line/infra',
  kind: 'git',
  item: 'git line',
  reason: `is protected by ${WORDS}`,
};
const error = new GapferryError({ code: 'UNREACHABLE', message: `away says: ${WORDS}`, hint: WORDS });
const failure = { target: 'away', error };
const none: Blockers = { conflicts: [], obstacles: [], permissions: [], failures: [] };

it.each<[string, Partial<Blockers>, number]>([
  ['a conflict', { conflicts: [conflict] }, 1],
  ['an obstacle', { obstacles: [obstacle] }, 1],
  ['a conflict and an obstacle', { conflicts: [conflict], obstacles: [obstacle] }, 1],
  ['a permission', { permissions: [lacking] }, 1],
  ['an obstacle and a permission', { obstacles: [obstacle], permissions: [lacking] }, 1],
  // A heading, and two lines for each trouble; where the remedy is the same, it stands below the last.
  [
    'everything',
    { conflicts: [conflict], obstacles: [obstacle], permissions: [lacking], failures: [failure] },
    9,
  ],
])('the words of a host begin no line of their own: %s', (_, some, lines) => {
  const thrown = (() => {
    try {
      requireWay({ ...none, ...some });
    } catch (caught) {
      return caught as GapferryError;
    }
    throw new Error('nothing is in the way');
  })();
  expect(thrown.message.split('\n')).toHaveLength(lines);
  for (const text of [thrown.message, thrown.hint ?? '']) {
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
    expect(text.split('\n').filter((line) => line.startsWith('Nothing to do'))).toEqual([]);
  }
});
