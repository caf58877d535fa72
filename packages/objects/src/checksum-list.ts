import { GapferryError, printable } from '@gapferry/core';

/** What a file of checksums says of one file, in lower-case hex digits. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

/** A file of checksums, read once for all the files that it names. */
export interface ChecksumList {
  /** A name counts as a whole, with `./` in front, or as the last part of a path, the closest of these. SHA-512 counts before SHA-256.
   *  `what`: the list, for messages. Throws `CONTENT_INVALID` where there is none, or several that differ. */
  find(name: string, what: string): Checksum;
}

const GNU = /^([0-9a-fA-F]{64}|[0-9a-fA-F]{128}) [ *](.+)$/;
const BSD = /^SHA(?:2-)?(256|512) ?\((.+)\) ?= ?([0-9a-fA-F]+)$/;
const SINGLE = /^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/;

/** Reads GNU coreutils (`<hex>  name`, `<hex> *name`), BSD and OpenSSL (`SHA256 (name) = <hex>`, `SHA2-256(name)= <hex>`), or nothing but one digest; in UTF-8, or in UTF-16 with a byte order mark, as PowerShell writes what `>` is to write. Lines of other forms are passed over. */
export function readChecksums(bytes: Uint8Array): ChecksumList {
  const byLastPart = new Map<string, Line[]>();
  let [lines, only] = [0, ''];
  for (const line of linesOf(decoded(bytes))) {
    lines += 1;
    only = line.trim();
    for (const entry of readLine(line)) {
      const entries = byLastPart.get(lastPart(entry.name));
      if (entries === undefined) byLastPart.set(lastPart(entry.name), [entry]);
      else entries.push(entry);
    }
  }
  const single = lines === 1 && SINGLE.test(only) ? toChecksum(only) : undefined;
  return { find: (name, what) => single ?? findAmong(byLastPart.get(lastPart(name)) ?? [], name, what) };
}

function findAmong(entries: readonly Line[], name: string, what: string): Checksum {
  for (const isMeant of [isNamed, isBelow]) {
    const found = entries.filter((entry) => isMeant(entry.name, name)).map(({ hex }) => toChecksum(hex));
    const strongest = (['sha512', 'sha256'] as const)
      .map((algorithm) => new Set(found.filter((one) => one.algorithm === algorithm).map(({ hex }) => hex)))
      .find(({ size }) => size > 0);
    if (strongest === undefined) continue;
    const [hex = ''] = strongest;
    if (strongest.size === 1) return toChecksum(hex);
    throw invalid(`${what} has several different checksums for ${name}`, 'say by "name" which line is meant');
  }
  throw invalid(
    `${what} has no SHA-256 or SHA-512 checksum for ${name}`,
    'say by "name" how the file is called there',
  );
}

interface Line {
  readonly name: string;
  readonly hex: string;
}

function decoded(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}

/** One after the other: a list may be nothing but line ends. */
function* linesOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end).replace(/\r$/, '');
    if (line.trim() !== '') yield line;
    at = end < 0 ? text.length : end + 1;
  }
}

/** A backslash in front of the digest says that line breaks and backslashes in the name are escaped: no name that we would take. */
function readLine(line: string): Line[] {
  const [, bits, bsdName = '', bsdHex = ''] = BSD.exec(line) ?? [];
  if (bits !== undefined) return bsdHex.length === Number(bits) / 4 ? [{ name: bsdName, hex: bsdHex }] : [];
  const [, hex, name = ''] = GNU.exec(line) ?? [];
  return hex === undefined ? [] : [{ name, hex }];
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isNamed(entry: string, name: string): boolean {
  return entry === name || entry === `./${name}`;
}

function isBelow(entry: string, name: string): boolean {
  return entry.endsWith(`/${name}`);
}

function toChecksum(hex: string): Checksum {
  return { algorithm: hex.length === 64 ? 'sha256' : 'sha512', hex: hex.toLowerCase() };
}

function invalid(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'CONTENT_INVALID', message: printable(message), hint, origin: 'source' });
}
