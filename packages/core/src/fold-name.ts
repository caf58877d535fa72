const PLAIN = /^[\x20-\x7e]*$/;
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;

/** The spelling by which file systems compare names that ignore case, normal forms (APFS, ext4 with `casefold`, NTFS) and what cannot be seen (HFS+, ext4): names with equal results can be one file there.
 *  Unicode's full case folding (CaseFolding.txt, C and F), without default ignorable code points, in NFC. */
export function foldName(name: string): string {
  if (PLAIN.test(name)) return name.toLowerCase();
  return name.replace(/[^ı]+/gu, foldRun).replace(UNSEEN, '').normalize('NFC');
}

/** Lower case first, since `ẞ` is its own upper case; then upper, for `ß`, `ſ` and the end sigma. The dotless i alone has an upper case that it does not fold to. */
function foldRun(text: string): string {
  return text.normalize('NFD').toLowerCase().toUpperCase().toLowerCase();
}
