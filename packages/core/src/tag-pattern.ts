import { GapferryError } from './errors.ts';

/** The regular expression of `TagChoice.match`: in Unicode mode, and the whole tag must match. Throws `REFERENCE_INVALID` saying what is wrong with it. */
export function tagPattern(match: string): RegExp {
  try {
    // Alone first: `a)|(b` is only right between our brackets.
    void new RegExp(match, 'u');
    return new RegExp(`^(?:${match})$`, 'u');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^.*\/u?: /s, '') : String(cause);
    throw new GapferryError({
      code: 'REFERENCE_INVALID',
      message: `"${match.slice(0, 100)}" is not a regular expression: ${why}`,
      hint: 'it is held against the whole tag, for example 1\\.[0-9]+-alpine',
    });
  }
}
