import { digestFromHex, type LfsObject } from '@gapferry/core';

/** Blobs of more bytes are no pointers (git-lfs docs/spec.md asks for less than 1024; git-lfs itself looks at as many as this). */
export const LARGEST_POINTER = 1024;

/** The names of versions that git-lfs reads: today's, and those it had before it was called so. */
const VERSION =
  /^version (?:https:\/\/git-lfs\.github\.com\/spec\/v1|https:\/\/hawser\.github\.com\/spec\/v1|http:\/\/git-media\.io\/v\/2)\r?\n/;
const MEMBERS = /^(?:ext-\d-\w+ sha256:[0-9a-f]{64}\r?\n)*oid sha256:([0-9a-f]{64})\r?\nsize (\d{1,16})\s*$/;

/** What a blob says if it is a pointer (git-lfs docs/spec.md): `undefined` for anything else, and `malformed` for what begins like one and is none: another hash than sha256, upper-case digits,
 *  members that nobody knows, a size that cannot be counted. Line ends may be CRLF: git-lfs takes them so. */
export function parsePointer(blob: Uint8Array): LfsObject | 'malformed' | undefined {
  if (blob.byteLength > LARGEST_POINTER) return undefined;
  const text = Buffer.from(blob).toString('latin1');
  const [version] = VERSION.exec(text) ?? [];
  if (version === undefined) return undefined;
  const [, hex, digits] = MEMBERS.exec(text.slice(version.length)) ?? [];
  const size = Number(digits);
  if (hex === undefined || !Number.isSafeInteger(size)) return 'malformed';
  return { oid: digestFromHex(hex), size };
}
