import { GapferryError } from './errors.ts';
import { foldName } from './fold-name.ts';

const FORBIDDEN = /[\p{Cc}<>:"|?*\\]/u;
/** What makes a name look like another one; the same that `printable` shows as numbers. */
const DISGUISING = /[\p{Bidi_Control}\u2028\u2029\ufeff]/u;
/** Windows takes blanks behind such a name away before it looks. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Why a relative path could not be written safely on FAT, NTFS and case-insensitive file systems, or `undefined` when it could.
 *  Refused: absolute paths, `.` and `..`, empty parts, trailing dots and spaces, control and reserved characters, line separators and bidirectional controls, DOS device names, names that are not NFC, parts over 255 bytes, paths over 1,000 bytes. */
export function unsafePathReason(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.startsWith('/')) return 'it is absolute';
  if (!path.isWellFormed() || path !== path.normalize('NFC')) return 'it is not in Unicode normal form NFC';
  if (Buffer.byteLength(path) > 1000) return 'it is longer than 1,000 bytes';
  for (const part of path.split('/')) {
    const reason = unsafePartReason(part);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function unsafePartReason(part: string): string | undefined {
  if (part === '') return 'it has an empty part';
  if (part === '.' || part === '..') return 'it has the part "." or ".."';
  if (foldName(part) === '') return 'a part of it has nothing that is seen';
  if (Buffer.byteLength(part) > 255) return 'a part of it is longer than 255 bytes';
  if (FORBIDDEN.test(part)) return 'it has a character that some file systems refuse';
  if (DISGUISING.test(part)) return 'it has a character that is not seen and changes how the name looks';
  if (/[. ]$/.test(part) || part.startsWith(' '))
    return 'a part of it begins with a space or ends with a dot or a space';
  if (RESERVED.test(part)) return 'a part of it is a reserved device name';
  return undefined;
}

/** Throws `NAME_UNSAFE` unless the relative path is safe on every file system gapferry writes to. */
export function requireSafePath(path: string, what: string): string {
  const reason = unsafePathReason(path);
  if (reason === undefined) return path;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `the name "${path.slice(0, 200)}" of ${what} is refused: ${reason}`,
    hint: 'choose another name with `as:`',
  });
}

/** Turns a host or URL path part into a directory name that is safe everywhere: `127.0.0.1:5000` becomes `127.0.0.1-5000`. */
export function toDirectoryName(hostAndPath: string): string {
  return hostAndPath.replaceAll(':', '-');
}

/** The one spelling under which a repository of images is named inside, as targets can hold it: `Registry.Example:5000/app` becomes `registry.example-5000/app`, since hosts have no
 *  case and repository names no port. */
export function toRepositoryName(hostAndPath: string): string {
  const slash = Math.max(hostAndPath.indexOf('/'), 0);
  return toDirectoryName(`${hostAndPath.slice(0, slash).toLowerCase()}${hostAndPath.slice(slash)}`);
}

/** Files of one directory that some file systems could not hold beside each other, as pairs: by their own names, or by those of the directories on the way, where one would be named wrong.
 *  A pair of the same path twice: it would be both a file and a directory. */
export function pathClashes(files: readonly string[]): Array<readonly [string, string]> {
  return caseCollisions([...new Set(files), ...new Set(files.flatMap(foldersOf))]);
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** Names that would be the same file on a file system that compares them as `foldName` does, as pairs. */
export function caseCollisions(paths: Iterable<string>): Array<readonly [string, string]> {
  const seen = new Map<string, string>();
  const pairs: Array<readonly [string, string]> = [];
  for (const path of paths) {
    const folded = foldName(path);
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, path);
    else pairs.push([other, path]);
  }
  return pairs;
}
