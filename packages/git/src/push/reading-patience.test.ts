import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietRun } from '@gapferry/core';
import { expect, it } from 'vitest';
import type { Git } from '../git-tool.ts';
import { gitPusher } from './git-pusher.ts';

it.each([
  ['https://git.plant.test/ops/line.git', 12_000],
  ['ssh://git@git.plant.test/ops/line.git', 60_000],
])('who lists %s waits for %d ms: to be let in over SSH may take longer than an answer', async (url, ms) => {
  const asked: (number | undefined)[] = [];
  const git: Pick<Git, 'run'> = {
    run: async ({ idleTimeoutMs }) => {
      asked.push(idleTimeoutMs);
      return { status: 0, text: '', complaint: '' };
    },
  };
  const workDirectory = join(tmpdir(), 'gapferry-nothing-is-written-here');
  const patience = { idleTimeoutMs: 60_000, readingTimeoutMs: 12_000 };
  await gitPusher({ ...patience, workDirectory, git: git as Git }).list(url, quietRun());
  expect(asked).toEqual([ms]);
});
