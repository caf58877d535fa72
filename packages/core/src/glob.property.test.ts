import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from './glob.ts';

/** The meaning of a pattern, said in another language. */
function asRegExp(pattern: string): RegExp {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) =>
      part === '**' ? '[^]*' : part === '*' ? '[^/]*' : part.replace(/[.?+^$|()[\]{}\\]/g, '\\$&'),
    )
    .join('');
  return new RegExp(`^${source}$`);
}

describe('a glob', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '**', '?', '+'), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '*', '?', '+'), maxLength: 10 });

  it('means what the regular expression made of it means', () => {
    fc.assert(
      fc.property(pattern, name, (glob, text) => {
        expect(matchesGlob(glob, text)).toBe(asRegExp(glob).test(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('matches itself when it has no star', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('*')),
        (text) => matchesGlob(text, text),
      ),
    );
  });

  it.each([
    ['docker.io/library/**', 'docker.io/library/nginx', true],
    ['docker.io/library/**', 'docker.io/library', false],
    ['docker.io/*', 'docker.io/library/nginx', false],
    ['docker.io/*/nginx', 'docker.io/library/nginx', true],
    ['**', '', true],
    ['', 'a', false],
    ['ghcr.io/org*', 'ghcr.io/organisation', true],
    ['ghcr.io/org', 'ghcr.io/organisation', false],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(matchesGlob(glob, text)).toBe(expected);
  });

  it('cannot be made to hang', () => {
    // Exponential for a backtracking matcher; must end for the test to end.
    expect(matchesGlob('*a'.repeat(50), 'a'.repeat(1500))).toBe(true);
    expect(matchesGlob(`${'**a'.repeat(50)}b`, 'a'.repeat(1500))).toBe(false);
  });
});
