import { toRepositoryAbout } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aboutSchema } from './about-schema.ts';

/** Of everything that a line cannot show, and what it can. */
const character = fc.oneof(
  fc.constantFrom(
    ' ',
    '\t',
    '\n',
    '\u0000',
    '\u0007',
    '\u001b',
    '\u0085',
    '\u00a0',
    '\u200e',
    '\u202e',
    '\u2028',
    '\ufeff',
  ),
  fc.constantFrom('a', 'ü', '🙂', '\ud83d', '\ude42', '"', '%', '/'),
);
const text = fc.oneof(
  fc.array(character, { maxLength: 40 }).map((all) => all.join('')),
  fc.array(character, { minLength: 980, maxLength: 1020 }).map((all) => all.join('')),
);

describe('whatever a host says of a repository', () => {
  it('is taken by every reader once it is carried', () => {
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 5 }), (description, path, topics) => {
        const about = toRepositoryAbout({ description, homepage: `https://git.example/${path}`, topics });
        if (Object.keys(about).length > 0) expect(aboutSchema.safeParse(about).success).toBe(true);
      }),
    );
  });
});
