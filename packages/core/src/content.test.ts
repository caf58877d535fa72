import { describe, expect, it } from 'vitest';
import { type ContentDate, contentWarning, freshnessOf } from './content.ts';

const content: ContentDate = { kind: 'grype-db', updated: '2026-11-10T00:00:00Z', maxAge: 432_000 };

describe('how fresh content is', () => {
  it.each([
    ['2026-11-12T00:00:00Z', 'fresh', 172_800_000],
    ['2026-11-15T00:00:00Z', 'fresh', 432_000_000],
    ['2026-11-15T00:00:01Z', 'too old', 432_001_000],
    ['2026-11-09T00:00:01Z', 'fresh', 0],
    ['2026-11-09T00:00:00Z', 'dated ahead', 0],
  ])('is told by the clock of whoever asks: %s', (now, state, age) => {
    expect(freshnessOf(content, new Date(now))).toEqual({ state, age });
  });

  it('is told in a warning that says how old it may be', () => {
    const warn = (now: string, more: object = {}): string | undefined =>
      contentWarning('file db', { ...content, ...more }, new Date(now));
    expect(warn('2026-11-12T00:00:00Z')).toBeUndefined();
    expect(warn('2027-11-12T00:00:00Z', { maxAge: undefined })).toBeUndefined();
    expect(warn('2026-11-16T00:00:00Z')).toBe(
      'file db (grype-db) is of 2026-11-10T00:00:00Z: older than the 5 days that it may have',
    );
    expect(warn('2026-11-16T00:00:00Z', { maxAge: 36 * 3600 })).toContain('36 hours');
    expect(warn('2026-11-01T00:00:00Z')).toContain('yet to come');
  });
});
