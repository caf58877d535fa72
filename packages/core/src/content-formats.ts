import { type Digest, isDigest } from './digest.ts';
import { GapferryError } from './errors.ts';
import { MANIFEST_LIMITS } from './manifest-links.ts';
import { parseJson } from './parse-json.ts';
import { formatTime } from './run.ts';

/** Bytes of a CVD file before its archive. */
export const CVD_HEADER = 512;
/** The most bytes of Grype's latest.json; it has some hundred. */
export const GRYPE_LISTING_LIMIT = 65_536;

/** What the header of a ClamAV database says (ClamAV manual, "CVD format"): `ClamAV-VDB:build time:version:signatures:functionality level:MD5:digital signature:builder:build time in seconds`. */
export interface CvdHeader {
  /** RFC 3339. */
  readonly updated: string;
  /** Of everything behind the header, 32 lower-case hex digits. */
  readonly md5: string;
  /** Over the MD5, see `isSignedByClamav`. */
  readonly signature: string;
}

/** Reads the first 512 bytes. Throws `CONTENT_INVALID`. */
export function parseCvdHeader(header: Uint8Array, what: string): CvdHeader {
  const [magic, , , , , md5 = '', signature = '', , seconds = ''] = Buffer.from(
    header.subarray(0, CVD_HEADER),
  )
    .toString('latin1')
    .trimEnd()
    .split(':');
  if (header.byteLength < CVD_HEADER || magic !== 'ClamAV-VDB')
    throw unreadable(what, 'it does not begin as a ClamAV database does (ClamAV-VDB)');
  if (!/^[0-9a-f]{32}$/.test(md5)) throw unreadable(what, 'its header has no MD5');
  if (!/^[1-9]\d{0,10}$/.test(seconds)) throw unreadable(what, 'its header has no build time');
  return { updated: toTime(Number(seconds) * 1000, what), md5, signature };
}

/** What Grype's latest.json of schema 6 says (anchore/grype, grype/db/v6/distribution). */
export interface GrypeListing {
  /** RFC 3339. */
  readonly updated: string;
  /** Of the archive, relative to the listing: one name, as upstream wrote it. */
  readonly path: string;
  readonly sha256: Digest;
}

/** Throws `CONTENT_INVALID`, `JSON_INVALID`, `LIMIT_EXCEEDED`. */
export function parseGrypeListing(bytes: Uint8Array, what: string): GrypeListing {
  const value = parseJson(bytes, what, { maxBytes: GRYPE_LISTING_LIMIT, maxDepth: 8 });
  const { built, path, checksum } = asObject(value);
  if (typeof path !== 'string' || !/^(?!\.{1,2}$)[\w.:+-]{1,200}\.tar\.(?:zst|gz|xz)$/.test(path))
    throw unreadable(what, 'its "path" is not the name of an archive beside it');
  if (!isDigest(checksum)) throw unreadable(what, 'its "checksum" is not a sha256');
  return { updated: dateIn(built, what, '"built"'), path, sha256: checksum };
}

/** When an OCI artifact says it was made: `org.opencontainers.image.created` of its manifest or index (OCI image-spec, annotations.md), which `oras push` writes. Throws `CONTENT_INVALID`, `JSON_INVALID`, `LIMIT_EXCEEDED`. */
export function artifactCreated(manifest: Uint8Array, what: string): string {
  const { annotations } = asObject(parseJson(manifest, what, MANIFEST_LIMITS));
  const created = asObject(annotations)['org.opencontainers.image.created'];
  return dateIn(created, what, 'annotation "org.opencontainers.image.created"');
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function dateIn(text: unknown, what: string, member: string): string {
  if (typeof text !== 'string' || !RFC_3339.test(text))
    throw unreadable(what, `its ${member} is not a date (RFC 3339)`);
  return toTime(Date.parse(text), what);
}

function toTime(milliseconds: number, what: string): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(milliseconds) || date.getUTCFullYear() > 9999 || milliseconds < 0)
    throw unreadable(what, 'its date is none');
  return formatTime(date);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function unreadable(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `nobody can tell how old ${what} is: ${why}`,
    hint: 'look whether this is what the line of bundle.yaml should bring; other files and images stand under "files" and "images"',
    data: { item: what },
  });
}
