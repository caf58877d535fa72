import { refused } from './local-error.ts';

/** Bytes of a tar block. */
export const BLOCK = 512;
/** The most that 11 octal digits say. */
export const LARGEST_OCTAL = 0o77777777777;

/** One header block (POSIX.1-2017 pax, ustar interchange format; GNU tar's variant of it). */
export interface TarHeader {
  readonly name: string;
  /** Bytes of the body; safe integer ≥ 0. */
  readonly size: number;
  /** The type flag, one character. */
  readonly type: string;
  readonly link: string;
}

/** Undefined for a block of zeros. Throws `CONTENT_INVALID` for a wrong check sum and for numbers that are none. */
export function parseTarHeader(block: Uint8Array, what: string): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (readNumber(block, 148, 8, what) !== checkSum(block))
    throw refused(what, 'it is no tar archive, or it is damaged: the check sum of a header is wrong');
  const isUstar = Buffer.compare(block.subarray(257, 263), Buffer.from('ustar\0')) === 0;
  const prefix = isUstar ? readText(block, 345, 155, what) : '';
  const name = readText(block, 0, 100, what);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: readNumber(block, 124, 12, what),
    type: String.fromCharCode(block[156] ?? 0),
    link: readText(block, 157, 100, what),
  };
}

/** The sum of all bytes, with the field of the sum itself taken for spaces. */
function checkSum(block: Uint8Array): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}

/** UTF-8 up to the first NUL. */
export function readText(block: Uint8Array, at: number, length: number, what: string): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      end < 0 ? field : field.subarray(0, end),
    );
  } catch {
    throw refused(what, 'a name in it is not UTF-8');
  }
}

/** Octal digits, or GNU's base 256 when the first bit is set. */
function readNumber(block: Uint8Array, at: number, length: number, what: string): number {
  const field = block.subarray(at, at + length);
  const value = (field[0] ?? 0) & 0x80 ? readBase256(field) : readOctal(field);
  if (value !== undefined && Number.isSafeInteger(value)) return value;
  throw refused(what, 'a header in it has a number that no file can have');
}

/** Undefined for negative numbers. */
function readBase256(field: Uint8Array): number | undefined {
  if (field[0] !== 0x80) return undefined;
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function readOctal(field: Uint8Array): number | undefined {
  const text = Buffer.from(field).toString('latin1');
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(text) ?? [];
  return digits === undefined ? undefined : digits === '' ? 0 : Number.parseInt(digits, 8);
}
