import { canonicalJson } from './canonical-json.ts';
import { GapferryError, isGapferryError } from './errors.ts';

const SPECIAL: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export interface JsonLimits {
  readonly maxBytes: number;
  /** Nesting of arrays and objects. */
  readonly maxDepth: number;
}

/** Parses untrusted JSON. `what` names the document in errors (`manifest.json of release line-a/17`).
 *  Refuses before parsing: too many bytes or too deep nesting (`LIMIT_EXCEEDED`); then bad UTF-8, bad syntax, trailing bytes and the member
 *  names `__proto__`, `constructor` and `prototype` (`JSON_INVALID`, which never quotes the document: it may hold secrets). Duplicate member names are *not* noticed here: use `parseCanonicalJson` where it matters. */
export function parseJson(bytes: Uint8Array, what: string, limits: JsonLimits): unknown {
  if (bytes.byteLength > limits.maxBytes)
    throw exceeded(`${what} has ${bytes.byteLength} bytes; the limit is ${limits.maxBytes}`);
  if (depthOf(bytes, limits.maxDepth) > limits.maxDepth)
    throw exceeded(`${what} is nested deeper than ${limits.maxDepth} levels`);
  const text = decode(bytes, what);
  try {
    return JSON.parse(text, refuseSpecialName);
  } catch (error) {
    throw isGapferryError(error) ? error : invalid(what, whereIn(error));
  }

  function refuseSpecialName(key: string, value: unknown): unknown {
    if (SPECIAL.has(key)) throw invalid(what, `the member name "${key}" is not allowed`);
    return value;
  }
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(what, 'it is not UTF-8');
  }
}

/** Of the parser's own words only the place: the others may quote what stands there, and that may be a password. */
function whereIn(error: unknown): string {
  const place = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error))?.[0];
  return place === undefined ? 'its syntax is wrong' : `its syntax is wrong ${place}`;
}

function invalid(what: string, why: string): GapferryError {
  return new GapferryError({ code: 'JSON_INVALID', message: `${what} is not valid JSON: ${why}` });
}

/** Like `parseJson`, and the bytes must be exactly the RFC 8785 form of what they say: one meaning, one spelling, no duplicate names, no trailing bytes. */
export function parseCanonicalJson(bytes: Uint8Array, what: string, limits: JsonLimits): unknown {
  const value = parseJson(bytes, what, limits);
  if (isCanonicalForm(bytes, value)) return value;
  throw new GapferryError({
    code: 'JSON_INVALID',
    message: `${what} is not canonical JSON (RFC 8785)`,
    hint: 'it was changed after it was written, or another tool wrote it',
  });
}

/** False also for what has no canonical form: a lone surrogate, which `JSON.parse` lets pass. */
function isCanonicalForm(bytes: Uint8Array, value: unknown): boolean {
  try {
    return Buffer.compare(Buffer.from(canonicalJson(value)), bytes) === 0;
  } catch (error) {
    if (error instanceof GapferryError) return false;
    throw error;
  }
}

/** Deepest nesting in the bytes, without parsing them; stops counting just past `limit`. */
function depthOf(bytes: Uint8Array, limit: number): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length && deepest <= limit; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return deepest;
}

function exceeded(message: string): GapferryError {
  return new GapferryError({ code: 'LIMIT_EXCEEDED', message });
}
