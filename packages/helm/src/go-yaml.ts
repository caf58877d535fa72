import { GapferryError } from '@gapferry/core';
import { isScalar, parseDocument, visit } from 'yaml';

/** A scalar without quotes. What it means depends on where it stands: `1.10` is a number, and text where text is wanted. */
export class PlainScalar {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What YAML says, not yet typed: strings were quoted, `PlainScalar`s were not. */
export type YamlTree =
  | string
  | PlainScalar
  | readonly YamlTree[]
  | { readonly [key: string]: YamlTree }
  | null;

/** Parsing takes about five hundred times the memory of the text. */
export const YAML_LIMIT = 4_194_304;
/** More than the stack bears, and more than stand unbalanced in the descriptions of any real chart. */
const MOST_OPEN_BRACKETS = 10_000;

/** Parses untrusted YAML as Helm's library does (YAML 1.1 scalars, resolved by `textOf` and `untypedOf`), but stricter: no duplicate keys, at most 100 uses of aliases, one document.
 *  Throws `CONTENT_INVALID`, and `LIMIT_EXCEEDED` for more than 4 MiB. */
export function parseGoYaml(text: string, what: string): YamlTree {
  if (text.length > YAML_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${text.length} characters of YAML to be read at once; the limit is ${YAML_LIMIT}`,
    });
  try {
    requireShallow(text);
    const document = parseDocument(text, {
      schema: 'failsafe',
      merge: true,
      // Judged below: the library compares every key with every other.
      uniqueKeys: false,
      logLevel: 'error',
      prettyErrors: false,
    });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    visit(document, {
      Scalar(key, node) {
        if (node.type !== 'PLAIN' || node.tag !== undefined) return;
        const text = node.source ?? String(node.value);
        node.value = key === 'key' ? keyOf(text) : new PlainScalar(text);
      },
      Map(_key, map) {
        requireUniqueKeys(map.items);
      },
      Pair(_key, pair) {
        if (!isScalar(pair.key)) throw new Error('a key is not text');
      },
    });
    return document.toJS({ maxAliasCount: 100 }) as YamlTree;
  } catch (cause) {
    // A RangeError is the end of the stack: nesting without end.
    const why =
      cause instanceof RangeError
        ? 'it is nested too deeply'
        : cause instanceof Error
          ? cause.message
          : String(cause);
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: `${what} is not valid YAML: ${why.slice(0, 300)}`,
      cause,
    });
  }
}

/** The library's stack would end only after much time and memory. */
export function requireShallow(text: string): void {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = Math.max(0, open + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (open > MOST_OPEN_BRACKETS) throw new Error('it is nested too deeply');
  }
}

function requireUniqueKeys(pairs: ReadonlyArray<{ readonly key: unknown }>): void {
  const seen = new Set<unknown>();
  for (const { key } of pairs) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) throw new Error(`the key "${String(key.value).slice(0, 100)}" stands twice`);
    seen.add(key.value);
  }
}

/** Keys without quotes are resolved too: `on: x` in an annotation is the key `true`. */
function keyOf(text: string): string {
  if (text === '<<') return text;
  const key = textOf(new PlainScalar(text));
  if (typeof key !== 'string') throw new Error('a key is null');
  return key;
}

export function isTree(value: YamlTree | undefined): value is { readonly [key: string]: YamlTree } {
  return (
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof PlainScalar)
  );
}

/** The value where Go wants text: numbers and truth values are written as Go writes them. `undefined` for null, which leaves a Go field as it is, and `false` for what is no scalar. */
export function textOf(value: YamlTree | undefined): string | undefined | false {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  if (!(value instanceof PlainScalar)) return false;
  const resolved = resolvePlain(value.text);
  if (resolved === null) return undefined;
  return typeof resolved === 'number' ? goFloat32(resolved) : String(resolved);
}

/** A value on its way to JSON. An object is a Go struct, whose fields keep their order; a Map is a Go map, which is sorted when it is written. */
export type GoValue =
  | null
  | boolean
  | number
  | string
  | readonly GoValue[]
  | ReadonlyMap<string, GoValue>
  | { readonly [field: string]: GoValue };

/** The value where Go wants anything. */
export function untypedOf(value: YamlTree): GoValue {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof PlainScalar) {
    const resolved = resolvePlain(value.text);
    return typeof resolved === 'bigint' ? Number(resolved) : resolved;
  }
  if (isTree(value)) return new Map(Object.entries(value).map(([key, entry]) => [key, untypedOf(entry)]));
  return (value as readonly YamlTree[]).map(untypedOf);
}

const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** The scalar rules of go-yaml 2: whole numbers as bigint, others as number. */
function resolvePlain(text: string): null | boolean | bigint | number | string {
  if (NULL.has(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (!/^[-+.0-9]/.test(text)) return text;
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const whole = wholeNumber(plain);
  if (whole !== undefined) return whole;
  return FLOAT.test(plain) ? Number(plain) : text;
}

/** Go's ParseInt with base 0: `0x`, `0o`, `0b` and a leading zero for octal, within 64 bits. */
function wholeNumber(text: string): bigint | undefined {
  const [, sign = '', digits = ''] =
    /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const number = sign === '-' ? -magnitude : magnitude;
  return number >= -(2n ** 63n) && number < 2n ** 64n ? number : undefined;
}

/** Go's `strconv.FormatFloat(x, 'g', -1, 32)`: the fewest digits that give the same 32-bit number; an exponent below -4 and from 6 on. */
export function goFloat32(number: number): string {
  const single = Math.fround(number);
  if (single === 0) return Object.is(single, -0) ? '-0' : '0';
  if (!Number.isFinite(single)) return single > 0 ? '+Inf' : '-Inf';
  const digits =
    [1, 2, 3, 4, 5, 6, 7, 8, 9].find((count) => Math.fround(Number(single.toPrecision(count))) === single) ??
    9;
  const [mantissa = '', exponentText = '0'] = single.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6)
    return Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - exponent));
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
