/** Does a name match a pattern? `**` matches anything, `*` anything but `/`; everything else is literal. Linear time: no pattern can hang it. */
export function matchesGlob(pattern: string, name: string): boolean {
  let positions = new Set([0]);
  for (const token of pattern.split(/(\*\*|\*)/).filter((part) => part !== ''))
    positions = advance(positions, token, name);
  return positions.has(name.length);
}

function advance(positions: ReadonlySet<number>, token: string, name: string): Set<number> {
  if (token !== '*' && token !== '**') {
    return new Set([...positions].filter((at) => name.startsWith(token, at)).map((at) => at + token.length));
  }
  const next = new Set<number>();
  for (const start of [...positions].sort((a, b) => a - b)) {
    for (let at = start; at <= name.length && !next.has(at); at++) {
      next.add(at);
      if (token === '*' && name[at] === '/') break;
    }
  }
  return next;
}
