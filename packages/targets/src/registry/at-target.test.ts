import { GapferryError } from '@gapferry/core';
import { expect, it } from 'vitest';
import { atTarget } from './at-target.ts';

it.each(['source', 'target'] as const)(
  'what was waited for in vain at a target says that it can be waited for longer (origin %s)',
  async (origin) => {
    const message = 'target store: app:1 took too long';
    const asked = atTarget('store', 'app:1', async () => {
      throw new GapferryError({ code: 'TIMED_OUT', message, origin, retryable: true });
    });
    await expect(asked).rejects.toMatchObject({
      code: 'TIMED_OUT',
      origin: 'target',
      retryable: true,
      hint: expect.stringContaining('`patience` in site.yaml'),
    });
  },
);
