import { parseStanza, type Stanza } from './deb822.ts';
import type { SizedDigest } from './descriptor.ts';
import { digestFromHex } from './digest.ts';
import { GapferryError } from './errors.ts';
import type { DirectoryFile } from './holding.ts';
import { formatTime } from './run.ts';

/** The most bytes of a Release file of an APT repository; that of Ubuntu has some 300 kB. */
export const APT_RELEASE_LIMIT = 16_777_216;

/** What a Release file says (Debian wiki, RepositoryFormat; apt-secure(8)). */
export interface AptRelease {
  /** `Date`, RFC 3339. */
  readonly updated: string;
  /** `Valid-Until`. */
  readonly until?: string;
  readonly suite?: string;
  readonly codename?: string;
  /** Indexes are also there under their sha256. */
  readonly byHash: boolean;
  /** Packages for all architectures stand in an index of their own alone, and not in that of each architecture too. */
  readonly allApart: boolean;
  /** By path below the Release file. */
  readonly files: ReadonlyMap<string, SizedDigest>;
}

/** Reads Release or InRelease; a signature is looked over, not at. Throws `CONTENT_INVALID`, `LIMIT_EXCEEDED`. */
export function parseAptRelease(bytes: Uint8Array, what: string): AptRelease {
  if (bytes.byteLength > APT_RELEASE_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${bytes.byteLength} bytes; the limit is ${APT_RELEASE_LIMIT}`,
    });
  const text = Buffer.from(bytes).toString('utf8');
  const fields = parseStanza(text.startsWith(BEGIN) ? clearsignedText(text, what) : text, what);
  const until = fields.get('valid-until');
  const suite = fields.get('suite');
  const codename = fields.get('codename');
  return {
    updated: timeIn(fields.get('date'), 'Date', what),
    ...(until !== undefined && { until: timeIn(until, 'Valid-Until', what) }),
    ...(suite !== undefined && { suite }),
    ...(codename !== undefined && { codename }),
    byHash: fields.get('acquire-by-hash') === 'yes',
    allApart:
      (fields.get('architectures') ?? '').split(/\s/).includes('all') &&
      !(fields.get('no-support-for-architecture-all') ?? '').split(/\s/).includes('Packages'),
    files: filesIn(fields, what),
  };
}

const BEGIN = '-----BEGIN PGP SIGNED MESSAGE-----';
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----';
const END = '-----END PGP SIGNATURE-----';

/** The text of a message in OpenPGP's cleartext signature framework (RFC 9580, section 7), without blanks at the ends of lines, which no signature covers. Nothing may stand before, after or between, where one reader would
 *  see it and another not. Throws `CONTENT_INVALID`. */
export function clearsignedText(message: string, what: string): string {
  const lines = message.split('\n').map(withoutBlanks);
  const body = lines.indexOf('');
  const signature = lines.indexOf(SIGNATURE);
  const end = lines.indexOf(END);
  const isWhole =
    lines[0] === BEGIN &&
    body > 0 &&
    lines.slice(1, body).every((line) => /^Hash: [\w, -]+$/.test(line)) &&
    signature > body &&
    end > signature &&
    lines.slice(end + 1).every((line) => line === '');
  const text = lines.slice(body + 1, signature);
  if (!isWhole || text.some((line) => line.startsWith('-') && !line.startsWith('- ')))
    throw invalid(what, 'it is not one signed text and its signature, and nothing else');
  return text.map((line) => (line.startsWith('- ') ? line.slice(2) : line)).join('\n');
}

/** A line without the blanks at its end. By hand: a pattern takes the square of their number. */
function withoutBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end--;
  return line.slice(0, end);
}

/** Do two texts say the same to whoever signs them as cleartext? Blanks at the ends of lines and of the text count for nothing. */
export function isSameClearText(one: string, other: string): boolean {
  const bare = (text: string): string => text.split('\n').map(withoutBlanks).join('\n').trimEnd();
  return bare(one) === bare(other);
}

/** The file that says of when a repository is which lies in a directory: InRelease, or Release where there is none. Undefined where there is none, or more than one suite. */
export function aptReleaseIn(files: readonly DirectoryFile[]): DirectoryFile | undefined {
  for (const name of ['InRelease', 'Release']) {
    const found = files.filter(({ path }) => path.startsWith('dists/') && path.endsWith(`/${name}`));
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  }
  return undefined;
}

function filesIn(fields: Stanza, what: string): Map<string, SizedDigest> {
  const files = new Map<string, SizedDigest>();
  for (const line of (fields.get('sha256') ?? '').split('\n')) {
    if (line === '') continue;
    const [, hex = '', size = '', path = ''] =
      /^([0-9a-f]{64})\s+(\d{1,15})\s+(\S{1,1000})$/.exec(line) ?? [];
    if (path === '') throw invalid(what, `"${line.slice(0, 100)}" under SHA256 is no checksum`);
    const file = { digest: digestFromHex(hex), size: Number(size) };
    if ((files.get(path)?.digest ?? file.digest) !== file.digest)
      throw invalid(what, `it has two checksums for ${path}`);
    files.set(path, file);
  }
  if (files.size === 0) throw invalid(what, 'it has no checksums (SHA256)');
  return files;
}

/** RFC 5322 as dak, apt-ftparchive and reprepro write it, always in UTC. */
const DATE = /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d\d:\d\d (?:UTC|GMT|Z|[+-]0000)$/;

function timeIn(text: string | undefined, member: string, what: string): string {
  const time = DATE.test(text ?? '')
    ? Date.parse((text ?? '').replace(/(?:Z|[+-]0000)$/, 'UTC'))
    : Number.NaN;
  if (Number.isNaN(time) || time < 0) throw invalid(what, `its ${member} is not a date`);
  return formatTime(new Date(time));
}

function invalid(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${what} is not the Release file of an APT repository: ${why}`,
    hint: 'look whether URL and suite are right, and whether a mirror is in the middle of an update',
    data: { item: what },
  });
}
