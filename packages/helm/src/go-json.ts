import type { GoValue } from './go-yaml.ts';

/** JSON text as Go's `json.Marshal` writes it: no spaces, `<`, `>`, `&`, U+2028 and U+2029 escaped, the fields of a struct in order, the keys of a map sorted by bytes. */
export function goJson(value: GoValue): string {
  if (typeof value === 'string') return goString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  return value instanceof Map
    ? goMembers([...value].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    : goMembers(Object.entries(value as { readonly [field: string]: GoValue }));
}

function goMembers(members: ReadonlyArray<readonly [string, GoValue]>): string {
  return `{${members.map(([key, entry]) => `${goString(key)}:${goJson(entry)}`).join(',')}}`;
}

/** A lone surrogate cannot come out of UTF-8, so only well-formed text arrives here. */
function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
