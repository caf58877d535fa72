/** Makes untrusted text safe for one line of a terminal: control characters (C0, C1, DEL), line separators and bidirectional overrides are shown as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
