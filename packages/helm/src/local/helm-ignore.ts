import { GapferryError } from '@gapferry/core';

/** Is a path below the chart's directory left out? */
export type HelmIgnore = (path: string, isDirectory: boolean) => boolean;

const LIMITS = { rules: 10_000, length: 1000 } as const;

/** Reads .helmignore (Helm's `pkg/ignore`): one rule a line, `#` comments, `!` in front, `/` at the end for directories only; `*`, `?`, `[a-z]` and `\` as in Go's `filepath.Match`. The first rule that fits decides.
 *  What begins with a dot in `templates/` is left out always. Throws `CONTENT_INVALID` for `**` and for patterns that are none. */
export function parseHelmIgnore(text: string, what: string): HelmIgnore {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const rules = [...lines, 'templates/.?*'].flatMap((line) => parseRule(line, what));
  if (rules.length > LIMITS.rules) throw refused(what, `it has more than ${LIMITS.rules} rules`);
  return (path, isDirectory) => {
    for (const { negated, directory, fits } of rules) {
      const hit = (!directory || isDirectory) && fits(path);
      if (hit !== negated) return true;
    }
    return false;
  };
}

interface Rule {
  /** Everything that it does not fit is left out. */
  readonly negated: boolean;
  readonly directory: boolean;
  fits(path: string): boolean;
}

function parseRule(line: string, what: string): Rule[] {
  const rule = line.trim();
  if (rule === '' || rule.startsWith('#')) return [];
  if (rule.includes('**')) throw refused(what, '"**" is not supported');
  if (rule.length > LIMITS.length) throw refused(what, 'a rule is too long');
  const negated = rule.startsWith('!');
  const pattern = negated ? rule.slice(1) : rule;
  const directory = pattern.endsWith('/');
  const bare = directory ? pattern.slice(0, -1) : pattern;
  const tokens = parsePattern(bare.replace(/^\//, ''), what);
  const onlyName = !bare.includes('/');
  const fits = (path: string): boolean =>
    matches(tokens, [...(onlyName ? path.slice(path.lastIndexOf('/') + 1) : path)]);
  return [{ negated, directory, fits }];
}

type Token = 'star' | ((character: string) => boolean);

function parsePattern(pattern: string, what: string): Token[] {
  const left = [...pattern].reverse();
  const tokens: Token[] = [];
  try {
    while (left.length > 0) tokens.push(nextToken(left));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw refused(what, `"${pattern}" is not a pattern`);
  }
  return tokens;
}

/** `left`: what is left of the pattern, backwards. */
function nextToken(left: string[]): Token {
  const character = left.at(-1);
  if (character === '*') {
    left.pop();
    return 'star';
  }
  if (character === '?') {
    left.pop();
    return (one) => one !== '/';
  }
  if (character === '[') {
    left.pop();
    return nextClass(left);
  }
  const wanted = nextLiteral(left);
  return (one) => one === wanted;
}

function nextLiteral(left: string[]): string {
  const character = left.pop();
  const literal = character === '\\' ? left.pop() : character;
  if (literal === undefined) throw new SyntaxError();
  return literal;
}

function nextClass(left: string[]): Token {
  const inverted = left.at(-1) === '^';
  if (inverted) left.pop();
  const spans: (readonly [string, string])[] = [];
  while (spans.length === 0 || left.at(-1) !== ']') {
    const low = nextInClass(left);
    const spanned = left.at(-1) === '-';
    if (spanned) left.pop();
    spans.push([low, spanned ? nextInClass(left) : low]);
  }
  left.pop();
  return (one) => spans.some(([low, high]) => low <= one && one <= high) !== inverted;
}

function nextInClass(left: string[]): string {
  if (left.at(-1) === '-' || left.at(-1) === ']') throw new SyntaxError();
  return nextLiteral(left);
}

/** Only the last star is tried again, so that no pattern takes long. */
function matches(tokens: readonly Token[], text: readonly string[]): boolean {
  let [token, at] = [0, 0];
  let star: { token: number; at: number } | undefined;
  while (at < text.length) {
    const wanted = tokens[token];
    const character = text[at] ?? '';
    if (wanted === 'star') {
      star = { token: token + 1, at };
      token += 1;
    } else if (wanted?.(character) === true) {
      token += 1;
      at += 1;
    } else if (star !== undefined && text[star.at] !== '/') {
      star = { token: star.token, at: star.at + 1 };
      [token, at] = [star.token, star.at];
    } else return false;
  }
  return tokens.slice(token).every((one) => one === 'star');
}

function refused(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `.helmignore of ${what} is refused: ${why}`,
    hint: 'Helm would not read it either',
  });
}
