/** The source of an expression of RE2 (google/re2, wiki: Syntax), as GitLab takes it for names of tags, for JavaScript without any flag; names of tags are ASCII. Throws `SyntaxError` for what RE2 does not take, and for the little
 *  of it that is not known here (properties of Unicode, negated POSIX classes). */
export function re2Source(pattern: string): string {
  /** Of each open group: the flags that were switched in it, as openings that have to be closed with it. */
  const groups: string[][] = [[]];
  const translated = pattern.replace(TOKEN, (token) => {
    const switched = groups.at(-1) ?? [];
    if (token.startsWith('\\Q')) return literal(token.slice(2).replace(/\\E$/, ''));
    if (token.startsWith('\\')) return escaped(token);
    if (token.startsWith('[')) return ofClass(token);
    // What is switched counts up to the end of the group, in its other branches too.
    if (token === '|') return `${')'.repeat(switched.length)}|${switched.join('')}`;
    if (token === ')') return `${')'.repeat((groups.pop() ?? []).length)})`;
    const flags = /^\(\?([imsU]*)(?:-([imsU]+))?\)$/.exec(token);
    if (flags !== null) {
      const opening = withFlags(flags[1], flags[2]);
      switched.push(opening);
      return opening;
    }
    groups.push([]);
    return opened(token);
  });
  if (groups.length !== 1) throw new SyntaxError(`groups of ${pattern} do not end where they should`);
  return `${translated}${')'.repeat(groups[0]?.length ?? 0)}`;
}

const TOKEN =
  /\\Q[\s\S]*?(?:\\E|$)|\\x\{[0-9A-Fa-f]+\}|\\[\s\S]?|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?[imsU]*(?:-[imsU]+)?[:)]|\(\?P?<\w+>|\(\?[\s\S]?|[()|]/g;

function opened(token: string): string {
  if (token === '(') return token;
  if (/^\(\?P?<\w+>$/.test(token)) return '(?:';
  const [, on, off] = /^\(\?([imsU]*)(?:-([imsU]+))?:$/.exec(token) ?? [];
  // Neither looks around nor back: RE2 has none.
  if (on === undefined) throw new SyntaxError(`RE2 has no ${token}`);
  return withFlags(on, off);
}

/** How greedy it is (U) changes nothing of what matches. */
function withFlags(on = '', off = ''): string {
  const added = on.replaceAll('U', '');
  const removed = off.replaceAll('U', '');
  return `(?${added}${removed === '' ? '' : `-${removed}`}:`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\A': '(?<![\\s\\S])',
  '\\z': '(?![\\s\\S])',
  '\\a': '\\x07',
};

function escaped(token: string): string {
  const known = ESCAPES[token];
  if (known !== undefined) return known;
  const code = /^\\x\{([0-9A-Fa-f]+)\}$/.exec(token)?.[1];
  if (code !== undefined) return `\\u${code.padStart(4, '0').slice(-4)}`;
  // Letters and digits without a meaning are refused; everything else stands for itself.
  if (/^\\(?:[1-9A-Za-z]|)$/.test(token) && !/^\\[bBdDfnrsStvwWx]$/.test(token))
    throw new SyntaxError(`RE2 takes no ${token} here`);
  return token;
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: '\\t ',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** A `]` at its beginning stands for itself, and so does every `[`. */
function ofClass(token: string): string {
  const [, not = '', own = ''] = /^\[(\^?)([\s\S]*)\]$/.exec(token) ?? [];
  const inner = own
    .replace(/^\]/, '\\]')
    .replace(/\[:(\^?)(\w+):\]|\\[\s\S]|\[/g, (part, negated: string, name: string | undefined) => {
      if (part === '[') return '\\[';
      if (name === undefined) return escaped(part);
      const members = negated === '' ? POSIX[name] : undefined;
      if (members === undefined) throw new SyntaxError(`no members of ${part} are known`);
      return members;
    });
  return `[${not}${inner}]`;
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&');
}
