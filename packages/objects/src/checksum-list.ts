import { GapferryError, printable } from '@gapferry/core';

/** What a file of checksums says of one file, in lower-case hex digits. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

const GNU = /^\\?([0-9a-fA-F]{64}|[0-9a-fA-F]{128}) [ *](.+)$/;
const BSD = /^(SHA256|SHA512) ?\((.+)\) ?= ?([0-9a-fA-F]+)$/;
const SINGLE = /^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/;

/** Finds a file in a file of checksums: GNU coreutils (`<hex>  name`, `<hex> *name`), BSD (`SHA256 (name) = <hex>`), or nothing but one digest. Lines of other forms are passed over.
 *  A name counts as a whole, with `./` in front, or as the last part of a path, the closest of these. SHA-512 counts before SHA-256. `what`: the list, for messages.
 *  Throws `CONTENT_INVALID` where there is none, or several that differ. */
export function findChecksum(text: string, name: string, what: string): Checksum {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const [only, ...more] = lines;
  if (only !== undefined && more.length === 0 && SINGLE.test(only.trim())) return toChecksum(only.trim());
  const entries = lines.flatMap(readLine);
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

function readLine(line: string): Line[] {
  const [, tag, bsdName = '', bsdHex = ''] = BSD.exec(line) ?? [];
  if (tag !== undefined)
    return bsdHex.length === (tag === 'SHA256' ? 64 : 128) ? [{ name: bsdName, hex: bsdHex }] : [];
  const [, hex, name = ''] = GNU.exec(line) ?? [];
  // A backslash in front says that line breaks and backslashes in the name are escaped: no name that we would take.
  return hex === undefined || line.startsWith('\\') ? [] : [{ name, hex }];
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
