import type { GoValue } from './go-yaml.ts';

/** JSON text as Go's `json.Marshal` writes it: no spaces, `<`, `>`, `&`, U+2028 and U+2029 escaped. Members keep their order unless `sorted`, as Go does with maps. */
export function goJson(value: GoValue, sorted: boolean = false): string {
  if (typeof value === 'string') return goString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((entry) => goJson(entry, sorted)).join(',')}]`;
  const members = Object.entries(value as { readonly [key: string]: GoValue });
  if (sorted) members.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${members.map(([key, entry]) => `${goString(key)}:${goJson(entry, sorted)}`).join(',')}}`;
}

/** A lone surrogate cannot come out of UTF-8, so only well-formed text arrives here. */
function goString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029\u007f]/g, (character) =>
    character === '\u007f'
      ? character
      : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
