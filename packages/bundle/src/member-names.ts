/** Every name that a JSON Schema has for a member, at any depth: what a misspelt one may have been meant to be. */
export function memberNames(jsonSchema: unknown): string[] {
  const names = new Set<string>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties' && typeof value === 'object' && value !== null)
        for (const name of Object.keys(value)) names.add(name);
      walk(value);
    }
  };
  walk(jsonSchema);
  return [...names];
}
