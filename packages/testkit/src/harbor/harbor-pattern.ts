/** A doublestar pattern: `*` within a part, `**` over parts, `{a,b}`. */
export function globToExpression(pattern: string): RegExp {
  const text = pattern.replace(/\*\*|[\s\S]/g, (token) => {
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') return '(?:';
    if (token === '}') return ')';
    if (token === ',') return '|';
    return token.replace(/[$()+.[\\\]^|]/, '\\$&');
  });
  return new RegExp(`^(?:${text})$`);
}
