import { RE2JS } from 're2js';
import { refused } from './refusals.ts';

/** A regular expression as Go's `regexp` reads it, which kustomize takes from its files: linear in time whatever it says. */
export interface GoPattern {
  test(text: string): boolean;
}

const LONGEST = 1_000;

/** Throws `CONTENT_INVALID` for what Go refuses and for more than 1,000 characters. */
export function goPattern(pattern: string, file = 'a pattern'): GoPattern {
  if (pattern.length > LONGEST) throw refused(file, `a pattern has more than ${LONGEST} characters`);
  const plain = literalOf(pattern);
  if (plain !== undefined) return plain;
  try {
    const compiled = RE2JS.compile(pattern);
    return { test: (text) => compiled.matcher(text).find() };
  } catch (cause) {
    void cause;
    throw refused(file, `"${pattern.slice(0, 200)}" is not a pattern`);
  }
}

/** `^(?:name)$`, which most selectors are, needs no machine. */
function literalOf(pattern: string): GoPattern | undefined {
  const [, literal] = /^\^\(\?:([\w/@:-]+)\)\$$/.exec(pattern) ?? [];
  return literal === undefined ? undefined : { test: (text) => text === literal };
}
