/** One way to authenticate that a server offers (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const SCHEME = /\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=\s+[A-Za-z0-9_-]+\s*=|\s*,|\s*$)/y;
const PARAMETER = /\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
const MAX_LENGTH = 8192;

/** Parses a WWW-Authenticate value, also one that joins several headers with commas. What cannot be understood ends the list. */
export function parseChallenges(value: string): Challenge[] {
  const text = value.slice(0, MAX_LENGTH);
  const challenges: Challenge[] = [];
  let at = 0;
  for (;;) {
    const scheme = matchAt(SCHEME, text, at);
    if (scheme === undefined) return challenges;
    at += scheme[0].length;
    const parameters = new Map<string, string>();
    for (let next = matchAt(PARAMETER, text, at); next !== undefined; next = matchAt(PARAMETER, text, at)) {
      parameters.set((next[1] ?? '').toLowerCase(), next[3] ?? (next[2] ?? '').replace(/\\(.)/g, '$1'));
      at += next[0].length;
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
