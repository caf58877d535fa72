/** Argo CD's globs over paths: `*` and `?` stay within a part, `**` crosses parts. Linear: no pattern of somebody else runs as a regular expression that backtracks. */
export function globOf(pattern: string): (path: string) => boolean {
  const wanted = pattern
    .replace(/^\.?\/+|\/+$/g, '')
    .slice(0, 1_000)
    .split('/')
    .slice(0, MOST_PARTS);
  return (path) => matchParts(wanted, path.split('/'));
}

const MOST_PARTS = 100;

/** Dynamic programming over parts: which prefixes of the path the pattern so far matches. */
function matchParts(pattern: readonly string[], parts: readonly string[]): boolean {
  let reached = new Set([0]);
  for (const step of pattern) {
    const next = new Set<number>();
    for (const position of reached) {
      if (step === '**') for (let to = position; to <= parts.length; to += 1) next.add(to);
      else if (position < parts.length && matchPart(step, parts[position] ?? '')) next.add(position + 1);
    }
    reached = next;
  }
  return reached.has(parts.length);
}

/** The usual two-pointer walk: on a mismatch the last star takes one character more. */
function matchPart(pattern: string, text: string): boolean {
  let [at, position, star, mark] = [0, 0, -1, 0];
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      mark = position;
    } else if (pattern[at] === '?' || pattern[at] === text[position]) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      position = mark;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
