import { GapferryError } from './errors.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** RFC 8785 (JSON Canonicalization Scheme) text of a value. Members that are `undefined` are left out.
 *  Throws `INTERNAL` for what JSON cannot carry: NaN, Infinity, lone surrogates, functions. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (Array.isArray(value))
    return `[${value.map((entry) => canonicalJson(entry === undefined ? null : entry)).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value as Record<string, unknown>);
  throw notJson(typeof value);
}

export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function canonicalString(value: string): string {
  if (!value.isWellFormed()) throw notJson('a string with a lone surrogate');
  return JSON.stringify(value);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw notJson(String(value));
  return JSON.stringify(value);
}

/** RFC 8785 section 3.2.3: members sorted by UTF-16 code units, which is JavaScript's own string order. */
function canonicalObject(value: Record<string, unknown>): string {
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${canonicalString(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

function notJson(what: string): GapferryError {
  return new GapferryError({ code: 'INTERNAL', message: `cannot write ${what} as canonical JSON` });
}
