import { type ErrorCode, GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { allTroubles } from './all-troubles.ts';

const fails = (code: ErrorCode, message: string) => async (): Promise<never> => {
  throw new GapferryError({ code, message, hint: `mend ${message}` });
};

describe('several checks of one target', () => {
  it('are told all at once, each with its remedy, under the code of the first', async () => {
    const checks = [fails('CONFIG_INVALID', 'no lock'), async () => {}, fails('TARGET_CONFLICT', 'not ours')];
    await expect(allTroubles(checks)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'no lock; not ours',
      hint: 'mend no lock; mend not ours',
      data: { also: [{ code: 'TARGET_CONFLICT', message: 'not ours' }] },
    });
  });

  it('say what they say where one alone finds something', async () => {
    await expect(allTroubles([async () => {}, fails('NAME_UNSAFE', 'a name')])).rejects.toThrow(/^a name$/);
    await allTroubles([]);
  });

  it.each<ErrorCode>(['UNREACHABLE', 'FORBIDDEN', 'INTERRUPTED', 'INTERNAL'])(
    'end where nobody can judge: %s',
    async (code) => {
      let asked = 0;
      const last = async (): Promise<void> => {
        asked += 1;
      };
      await expect(
        allTroubles([fails('TARGET_CONFLICT', 'not ours'), fails(code, 'away'), last]),
      ).rejects.toMatchObject({ code });
      expect(asked).toBe(0);
    },
  );
});
