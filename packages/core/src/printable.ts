/** Makes untrusted text safe for one line of a terminal: control characters (C0, C1, DEL), line separators and bidirectional controls are shown as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
