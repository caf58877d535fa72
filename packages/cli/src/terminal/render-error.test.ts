import { GapferryError } from '@gapferry/core';
import { expect, it } from 'vitest';
import { exitCodeOf } from '../exit-codes.ts';
import { errorJson, errorText, toGapferryError } from './render-error.ts';

const CUT = { code: 'CONNECTION_CUT', message: 'the connection was cut', retryable: true } as const;

it('a failed trip that says nothing of what to do is to be tried again', () => {
  const error = new GapferryError(CUT);
  expect(errorText(error, false)).toMatch(/\nhint: .*run the same command again/);
  expect(errorJson('import', error)).toMatchObject({
    error: { hint: expect.stringContaining('run the same command again') },
  });
});

it('what knows better what to do says that alone', () => {
  const error = new GapferryError({ ...CUT, hint: 'check the network' });
  expect(errorText(error, false)).toBe('gapferry: error: the connection was cut\nhint: check the network');
  const final = new GapferryError({ ...CUT, retryable: false });
  expect(errorText(final, false)).toBe('gapferry: error: the connection was cut');
});

it('a full disk is no bug, whoever met it', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(toGapferryError(full)).toMatchObject({ code: 'NO_SPACE', message: 'no space left' });
  expect(exitCodeOf(toGapferryError(full))).toBe(8);
  expect(toGapferryError(new Error('oops')).code).toBe('INTERNAL');
});
