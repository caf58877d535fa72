/** The spelling that case-insensitive file systems compare by: equal results can be one file there. */
export function foldName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
