import { readFileSync } from 'node:fs';
import { DIFFERS, EXIT_CODES, exitCodeOf, PARTLY_DONE } from '@gapferry/cli';
import { ERROR_CODES, type ErrorCode, GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';

describe('exit codes', () => {
  it('are documented as they are in the code', () => {
    const page = readFileSync(new URL('../../docs/cli/exit-codes.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| *(\d+) *\| (.+?) *\|$/gm)].map(([, code, meaning]) => [
      code,
      meaning,
    ]);
    expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
    expect(rows).toHaveLength(Object.keys(EXIT_CODES).length);
  });

  it('are there for every error that gapferry can report', () => {
    const expected: Record<string, number> = {
      usage: 2,
      integrity: 4,
      trust: 4,
      incomplete: 5,
      transport: 6,
      conflict: 7,
      storage: 8,
      interrupted: 130,
      internal: 1,
    };
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const exitCode = exitCodeOf(new GapferryError({ code, message: 'x' }));
      expect(exitCode, code).toBe(expected[ERROR_CODES[code]]);
      expect(EXIT_CODES).toHaveProperty(String(exitCode));
    }
    for (const outcome of [PARTLY_DONE, DIFFERS]) expect(EXIT_CODES).toHaveProperty(String(outcome));
  });

  it('tell a bug from everything else', () => {
    expect(exitCodeOf(new TypeError('x is not a function'))).toBe(1);
    expect(exitCodeOf(new DOMException('stopped', 'AbortError'))).toBe(130);
  });
});
