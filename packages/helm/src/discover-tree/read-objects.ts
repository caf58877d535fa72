import { parseDocument } from 'yaml';
import { type Fields, isFields, isList, listAt, textAt, type Value } from './fields.ts';
import { refused, tooMuch } from './refusals.ts';

/** Kubernetes itself takes 1.5 MiB at most; parsing takes some hundred times the memory of the text. */
const LARGEST_DOCUMENT = 2_097_152;
const LARGEST_FILE = 33_554_432;
const MOST_OPEN_BRACKETS = 1_000;
const DEEPEST_VALUE = 200;

/** The documents of a YAML stream or a JSON file that are not empty, in order. Throws `CONTENT_INVALID` and `LIMIT_EXCEEDED` naming `file`: more than 32 MiB, one document of more than 2 MiB, more than
 *  200 levels, aliases that multiply. `wanted` decides by a document's text whether it is parsed at all. */
export function readValues(
  bytes: Uint8Array,
  file: string,
  wanted: (document: string) => boolean = () => true,
): Value[] {
  if (bytes.length > LARGEST_FILE) throw tooMuch(file, `it has more than ${LARGEST_FILE} bytes`);
  return documentsOf(decode(bytes, file))
    .filter(wanted)
    .map((text) => parseValue(text, file))
    .filter((value) => value !== null);
}

/** Kubernetes objects: documents with `apiVersion` and `kind`, the entries of Lists one by one. Everything else is left out. */
export function readObjects(bytes: Uint8Array, file: string): Fields[] {
  return readValues(bytes, file, mayBeObject).flatMap(objectsIn);
}

/** One level of `List` is opened, as kustomize does; a List in a List stays. */
export function objectsIn(value: Value): Fields[] {
  if (!isObject(value)) return [];
  if (!String(value['kind']).endsWith('List') || !isList(value['items'])) return [value];
  return listAt(value, 'items').filter(isObject);
}

function isObject(value: Value): value is Fields {
  return isFields(value) && textAt(value, 'apiVersion') !== undefined && textAt(value, 'kind') !== undefined;
}

function mayBeObject(text: string): boolean {
  return /["']?\bapiVersion["']?\s*:/.test(text) && /["']?\bkind["']?\s*:/.test(text);
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    void cause;
    throw refused(file, 'it is not UTF-8');
  }
}

/** A `---` at the beginning of a line ends a document wherever it stands, also in block scalars. */
function documentsOf(text: string): string[] {
  return text.split(/^---(?=\s|$)/m);
}

/** One document. YAML 1.2 with merge keys: dates, `on` and `no` stay the text they are. Of a key that stands twice the last counts. */
export function parseValue(text: string, file: string): Value {
  if (text.length > LARGEST_DOCUMENT)
    throw tooMuch(file, `a document has more than ${LARGEST_DOCUMENT} characters`);
  try {
    requireShallow(text);
    const document = parseDocument(text, {
      merge: true,
      uniqueKeys: false,
      logLevel: 'error',
      prettyErrors: false,
    });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    return cleaned(value, 0);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    // The end of the stack is an error of the library or of the document.
    const why = /call stack/.test(said) ? 'it is nested too deeply' : said;
    throw refused(file, `it is not valid YAML: ${why.slice(0, 300)}`);
  }
}

/** The library's stack would end only after much time and memory. */
function requireShallow(text: string): void {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = Math.max(0, open + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (open > MOST_OPEN_BRACKETS) throw new Error('it is nested too deeply');
  }
}

/** YAML knows more than JSON: sets, binary, and keys that are no text. */
function cleaned(value: unknown, depth: number): Value {
  if (depth > DEEPEST_VALUE) throw new Error('it is nested too deeply');
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return typeof value === 'bigint' ? Number(value) : (value as Value);
  if (Array.isArray(value)) return value.map((entry) => cleaned(entry, depth + 1));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Set) return Object.fromEntries([...value].map((key) => [String(key), null]));
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, entry]) => [String(key), cleaned(entry, depth + 1)]));
}
