/** A key as a store lists it with `encoding-type=url`; undefined for what is not encoded so. */
export function decodeListed(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
