import { type GitPin, type GitWish, quietRun, type Run } from '@gapferry/core';
import type { GitSource } from '@gapferry/git';
import { expect, it } from 'vitest';
import { askedAhead } from './asked-ahead.ts';

const wish: GitWish = { kind: 'git', url: 'https://git.example.org/a', refs: [] };
const other: GitWish = { kind: 'git', url: 'https://git.example.org/b', refs: [] };

function source(resolve: (wish: GitWish, run: Run) => Promise<readonly GitPin[]>): GitSource {
  return { resolve } as GitSource;
}

it('asks once for a wish that it was told of, and again when it is asked again', async () => {
  const asked: string[] = [];
  const ahead = askedAhead(
    source(async ({ url }) => {
      asked.push(url);
      return [];
    }),
  );
  ahead.begin([wish], quietRun());
  expect(asked).toEqual([wish.url]);
  expect(await ahead.source.resolve(wish, quietRun())).toEqual([]);
  expect(asked).toEqual([wish.url]);
  await ahead.source.resolve(wish, quietRun());
  await ahead.source.resolve(other, quietRun());
  expect(asked).toEqual([wish.url, wish.url, other.url]);
});

it('gives the failure to who asks', async () => {
  const ahead = askedAhead(source(() => Promise.reject(new Error('gone'))));
  ahead.begin([wish], quietRun());
  await ahead.end();
  await expect(ahead.source.resolve(wish, quietRun())).rejects.toThrow('gone');
});

/** Answers nothing until it is stopped, and then takes a while. */
function endless(): { readonly ahead: ReturnType<typeof askedAhead>; readonly isStopped: () => boolean } {
  let stopped = false;
  const ahead = askedAhead(
    source(
      (_wish, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () =>
            setImmediate(() => {
              stopped = true;
              reject(new Error('stopped'));
            }),
          );
        }),
    ),
  );
  return { ahead, isStopped: () => stopped };
}

it('stops what nobody asked for, and waits until it has stopped', async () => {
  const { ahead, isStopped } = endless();
  ahead.begin([wish], quietRun());
  await ahead.end();
  expect(isStopped()).toBe(true);
});

it('waits as well for what somebody asked for and then left, because something else failed', async () => {
  const { ahead, isStopped } = endless();
  ahead.begin([wish], quietRun());
  ahead.source.resolve(wish, quietRun()).catch(() => {});
  await ahead.end();
  expect(isStopped()).toBe(true);
});
