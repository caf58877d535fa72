/** OpenSSH's pattern lists (ssh_config(5), PATTERNS): patterns with `*` and `?`, separated by commas. One that begins with `!` and fits rules the text out, whatever else fits. */
export function matchesPatternList(text: string, list: string): boolean {
  let fits = false;
  for (const pattern of list.split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(text, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    fits = true;
  }
  return fits;
}

/** With one place to go back to: the last `*`. So the time is at most the product of both lengths. */
function matchesPattern(text: string, pattern: string): boolean {
  let [at, wanted, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[wanted] === '*') {
      star = wanted++;
      mark = at;
    } else if (wanted < pattern.length && (pattern[wanted] === '?' || pattern[wanted] === text[at])) {
      at++;
      wanted++;
    } else if (star >= 0) {
      wanted = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[wanted] === '*') wanted++;
  return wanted === pattern.length;
}
