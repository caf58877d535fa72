import { expect, it } from 'vitest';
import { refLines } from './ref-lines.ts';

const from = '0123456789abcdef0123456789abcdef01234567';

it('tells what loses something first, and counts what is new', () => {
  expect(
    refLines({
      item: 'git git.example/line',
      refs: [
        { ref: 'refs/heads/main', how: 'forward', from, commits: 1 },
        { ref: 'refs/heads/next', how: 'create' },
        {
          ref: 'refs/heads/release',
          how: 'force',
          from,
          backup: 'refs/gapferry/backup/17/heads/release',
          lifts: 'release*',
        },
        { ref: 'refs/heads/wip', how: 'prune', from, backup: 'refs/gapferry/backup/17/heads/wip' },
        { ref: 'refs/tags/v1', how: 'move-tag', from, backup: 'refs/gapferry/backup/17/tags/v1' },
      ],
    }),
  ).toEqual([
    '  refs of git git.example/line',
    '    wip: deleted, 0123456789ab is kept as refs/gapferry/backup/17/heads/wip',
    '    release: forced, 0123456789ab is kept as refs/gapferry/backup/17/heads/release, the rule "release*" is lifted for it',
    '    tag v1: moved, 0123456789ab is kept as refs/gapferry/backup/17/tags/v1',
    '    main: fast-forward (1 commit)',
    '    1 new ref',
  ]);
});

it('says nothing of a repository of which nothing is known', () => {
  expect(refLines({ item: 'git git.example/line' })).toEqual([]);
});

it('does not fill the screen', () => {
  const refs = Array.from(
    { length: 25 },
    (_, i) => ({ ref: `refs/heads/b${i}`, how: 'forward', commits: 2 }) as const,
  );
  const lines = refLines({ item: 'git x/y', refs });
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe('    and 5 more');
});
