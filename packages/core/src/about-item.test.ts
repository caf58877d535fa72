import { describe, expect, it } from 'vitest';
import { aboutItem } from './about-item.ts';
import { GapferryError } from './errors.ts';

const failure = new GapferryError({
  code: 'SERVER_ERROR',
  message: 'blob sha256:12 failed',
  hint: 'later',
  origin: 'source',
  retryable: true,
  retryAfter: 3,
  data: { status: 502 },
});

describe('an error about an item', () => {
  it('names the item and keeps everything else', () => {
    const named = aboutItem('docker.io/library/app:1', failure);
    expect(named).toMatchObject({
      code: 'SERVER_ERROR',
      hint: 'later',
      origin: 'source',
      retryable: true,
      retryAfter: 3,
    });
    expect(named).toMatchObject({
      message: 'docker.io/library/app:1: blob sha256:12 failed',
      data: { status: 502, item: 'docker.io/library/app:1' },
    });
  });

  it.each([
    ['that names it already', new GapferryError({ code: 'SOURCE_NOT_FOUND', message: 'host has no app:1' })],
    ['of an interruption', new GapferryError({ code: 'INTERRUPTED', message: 'stopped on request' })],
    ['of somebody else', new TypeError('x')],
  ])('stays as it is: one %s', (_, error) => {
    expect(aboutItem('app:1', error)).toBe(error);
  });
});
