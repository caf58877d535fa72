import { boundedExpression } from '../bounded-expression.ts';

/** Matches as gobwas/glob does, which Gitea uses: `?`, `[abc]`, `[!a-c]`, `{a,b}`, `*` (within a part, where there is a separator) and `**`. What cannot be read matches only itself; what would take too long matches everything. */
export function globMatcher(pattern: string, separator: '/' | ''): (text: string) => boolean {
  const one = separator === '' ? '[\\s\\S]' : `[^${separator}]`;
  try {
    return boundedExpression(`^(?:${toExpression(pattern, one)})$`, 'u', true);
  } catch {
    return (text) => text === pattern;
  }
}

const TOKEN = /\\([\s\S])|(\*\*)|(\*)|(\?)|\[(!?)([^\]]+)\]|(\{)|(\})|(,)|([\s\S])/gu;

function toExpression(pattern: string, one: string): string {
  let depth = 0;
  return pattern.slice(0, 1000).replace(TOKEN, (...found) => {
    const [token, escaped, double, single, any, negated, set, open, close, comma] = found as string[];
    if (escaped !== undefined) return literal(escaped);
    if (double !== undefined) return '[\\s\\S]*';
    if (single !== undefined) return `${one}*`;
    if (any !== undefined) return one;
    if (set !== undefined) return `[${negated === '' ? '' : '^'}${set.replace(/[\\\]^[]/g, '\\$&')}]`;
    if (open !== undefined) return openGroup();
    if (close !== undefined && depth > 0) return closeGroup();
    if (comma !== undefined && depth > 0) return '|';
    return literal(token ?? '');
  });

  function openGroup(): string {
    depth += 1;
    return '(?:';
  }
  function closeGroup(): string {
    depth -= 1;
    return ')';
  }
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&');
}
