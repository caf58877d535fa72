import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentError, formatPath, toProblems, UNKNOWN } from './problems.ts';

function problemsOf(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('it was accepted');
  return toProblems(parsed.error).map(({ path, message }) => `${path}: ${message}`);
}

describe('a path', () => {
  it.each([
    [[], ''],
    [['items', 3, 'blobs', 0], 'items[3].blobs[0]'],
    [[0, 'a'], '[0].a'],
    [['a', 'b'], 'a.b'],
  ])('%j is written %s', (path, text) => {
    expect(formatPath(path)).toBe(text);
  });
});

describe('problems', () => {
  it('name every unknown member by itself', () => {
    expect(problemsOf(z.strictObject({ a: z.number() }), { a: 1, b: 2, c: 3 })).toEqual([
      'b: is not known here',
      'c: is not known here',
    ]);
  });

  it('of a union are those of the alternative that was meant', () => {
    const entry = z.union([z.string(), z.strictObject({ ref: z.strictObject({ host: z.string() }) })]);
    expect(problemsOf(z.array(entry), ['ok', { ref: { host: 5 } }])).toEqual([
      expect.stringMatching(/^\[1\]\.ref\.host: /),
    ]);
  });

  it('of a document are told all at once, the first ten in words', () => {
    const problems = Array.from({ length: 150 }, (_, i) => ({
      path: i === 0 ? '' : `a[${i}]`,
      message: `is wrong ${i}`,
    }));
    const error = documentError('MANIFEST_INVALID', 'manifest.json', problems);
    expect(error.message).toMatch(
      /^manifest\.json is refused: is wrong 0; a\[1\]: is wrong 1; .*is wrong 9; and 140 more$/,
    );
    expect(error.data['problems']).toHaveLength(100);
  });

  it('that are unknown members and nothing else may be the work of a newer gapferry', () => {
    const unknown = { path: 'b', message: UNKNOWN };
    const hintOf = (...problems: readonly { path: string; message: string }[]): string | undefined =>
      documentError('CONFIG_INVALID', 'plan.json', problems).hint;
    expect(hintOf(unknown)).toContain('newer gapferry');
    expect(hintOf(unknown, { path: 'a', message: 'is wrong' })).toBeUndefined();
  });
});
