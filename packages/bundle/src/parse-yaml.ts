import { GapferryError, nearestName, printable } from '@gapferry/core';
import { type Document, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { FORMATS, type FormatName } from './formats.ts';

import { formatPath, type Problem, toFaults, UNKNOWN } from './problems.ts';

const MAX_BYTES = 1_048_576;
/** Brackets and indentation steps; what people write has fewer than ten. */
const MAX_DEPTH = 100;
const MAX_SHOWN = 100;
/** One line that stands a little too far to the left makes ten of them. */
const MAX_SYNTAX_SHOWN = 3;

/** What a YAML file says, and how to point at a place in it. */
export interface YamlFile<T> {
  readonly value: T;
  /** Problem at a path, with line and column. */
  problem(path: readonly PropertyKey[], message: string): Problem;
}

/** Parses a YAML 1.2 file that people write and checks it against a schema; all problems at once, each with line and column.
 *  `file` is the name shown; `knownKeys`, asked for when something is wrong, what may have been meant. Throws `CONFIG_INVALID`. Aliases are limited, duplicate keys, several documents and custom tags refused. */
export function parseYaml<T>(
  text: string,
  file: string,
  format: FormatName,
  schema: z.ZodType<T>,
  knownKeys: () => readonly string[] = () => [],
): YamlFile<T> {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw configError(file, [{ path: '', message: `is larger than ${MAX_BYTES} bytes` }]);
  requireShallow(text, file);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
    version: '1.2',
    schema: 'core',
    logLevel: 'error',
  });
  const at = (offset: number): Pick<Problem, 'line' | 'column'> => ({
    line: lines.linePos(offset).line,
    column: lines.linePos(offset).col,
  });
  const syntax = [...document.errors, ...document.warnings, ...danglingAliases(document)];
  if (syntax.length > 0)
    throw configError(
      file,
      syntax.map((found) => ({ path: '', message: syntaxMessage(found, text), ...at(found.pos[0]) })),
      MAX_SYNTAX_SHOWN,
    );
  const place = (path: readonly PropertyKey[], atKey = false): Pick<Problem, 'line' | 'column'> =>
    at(offsetOf(document, path, atKey));
  const problem = (path: readonly PropertyKey[], message: string): Problem => ({
    path: formatPath(path),
    message,
    ...place(path),
  });
  const value = toValue(document, file);
  const wrongFormat = formatProblem(value, format);
  if (wrongFormat !== undefined) throw configError(file, [problem(['format'], wrongFormat)]);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, problem };
  const all = knownKeys();
  throw configError(
    file,
    toFaults(parsed.error).map(({ parts, message, ofName = false }) => ({
      path: formatPath(parts),
      message: withSuggestion(String(parts.at(-1)), inPlainWords(message), {
        all,
        here: parts.length === 1 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : all,
      }),
      ...place(parts, ofName),
    })),
  );
}

/** The YAML library recurses for every level: a file of brackets would kill the process. Counts too much rather than too little. */
function requireShallow(text: string, file: string): void {
  let open = 0;
  for (const [character] of text.matchAll(/[[\]{}]/g)) {
    open += character === '[' || character === '{' ? 1 : open > 0 ? -1 : 0;
    if (open > MAX_DEPTH) throw tooDeep(file);
  }
  if (/^ {200}|(?:[-?:][ \t]+){100}/m.test(text)) throw tooDeep(file);
}

function tooDeep(file: string): GapferryError {
  return configError(file, [{ path: '', message: `is nested deeper than ${MAX_DEPTH} levels` }]);
}

/** The library does not say which name stands there twice. */
function syntaxMessage(
  found: { message: string; code?: string; pos: readonly [number, ...unknown[]] },
  text: string,
): string {
  if (found.code !== 'DUPLICATE_KEY') return found.message;
  const name = /^[^:\n]{1,100}/.exec(text.slice(found.pos[0]))?.[0].trim();
  return `${name}: stands here a second time`;
}

/** The library notices these only when it makes values, and then without a place. */
function danglingAliases(document: Document): Array<{ message: string; pos: [number] }> {
  const found: Array<{ message: string; pos: [number] }> = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        found.push({
          message: `there is no anchor "${alias.source}" before this alias`,
          pos: [alias.range?.[0] ?? 0],
        });
    },
  });
  return found;
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw configError(file, [{ path: '', message: cause instanceof Error ? cause.message : String(cause) }]);
  }
}

function formatProblem(value: unknown, name: FormatName): string | undefined {
  if (value === null || value === undefined)
    return `is missing: the file is empty; write "format: ${FORMATS[name]}"`;
  if (typeof value !== 'object' || Array.isArray(value))
    return `is missing: the file is no mapping; it begins with "format: ${FORMATS[name]}"`;
  const format = 'format' in value ? value.format : undefined;
  if (format === FORMATS[name]) return undefined;
  return format === undefined
    ? `is missing; write "format: ${FORMATS[name]}"`
    : `must be ${FORMATS[name]}, not "${String(format).slice(0, 60)}"`;
}

/** Offset of the deepest part of the path that exists: an unknown or missing member points at what it belongs to. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parts = path.slice(0, length);
    const key = keyOffset(document, parts, atKey && length === path.length);
    if (key !== undefined) return key;
    const node = document.getIn(parts as unknown[], true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** Where a member's value stands, or the member's own name: what is not known is the name. */
function keyOffset(document: Document, path: readonly PropertyKey[], atKey: boolean): number | undefined {
  const name = path.at(-1);
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1) as unknown[], true);
  if (typeof name !== 'string' || parent === null || typeof parent !== 'object' || !('items' in parent))
    return undefined;
  for (const pair of parent.items as Array<{ key?: unknown; value?: unknown }>) {
    const key = pair.key;
    if (isNode(key) && 'value' in key && key.value === name)
      return !atKey && isNode(pair.value) && pair.value.range ? pair.value.range[0] : key.range?.[0];
  }
  return undefined;
}

const PLAIN_TYPES: Readonly<Record<string, string>> = {
  array: 'must be a list',
  object: 'must be a mapping of names to values',
  record: 'must be a mapping of names to values',
  number: 'must be a number',
  int: 'must be a whole number',
  string: 'must be text',
  boolean: 'must be true or false',
};

/** What the schema library says of a value of the wrong type or size, for people who write YAML. */
function inPlainWords(message: string): string {
  const [, expected, received] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (received === 'undefined') return 'is missing';
  if (expected === 'string' && /^(?:number|boolean)$/.test(received ?? ''))
    return 'must be text: put it in quotes';
  const [, bound, limit] = /^Too (small|big): expected number to be [<>]=(\S+)$/.exec(message) ?? [];
  if (limit !== undefined) return `must be ${bound === 'small' ? 'at least' : 'at most'} ${limit}`;
  const [, least] = /^Too small: expected array to have >=(\d+) items$/.exec(message) ?? [];
  if (least !== undefined) return least === '1' ? 'must not be empty' : `must have at least ${least} entries`;
  const [, options] = /^Invalid option: expected one of (.+)$/.exec(message) ?? [];
  if (options !== undefined) return `must be one of ${options.replaceAll('"', '').split('|').join(', ')}`;
  return PLAIN_TYPES[expected ?? ''] ?? message;
}

function withSuggestion(
  name: string,
  message: string,
  known: { readonly all: readonly string[]; readonly here: readonly string[] },
): string {
  // A known name belongs elsewhere: it was not misspelt.
  if (message !== UNKNOWN || known.all.includes(name)) return message;
  const near = nearestName(name, known.here) ?? nearestName(name, known.all);
  return near === undefined ? message : `${message}; did you mean "${near}"?`;
}

/** `file:line:column: path: what is wrong`, one line each. */
export function configError(
  file: string,
  problems: readonly Problem[],
  maxShown: number = MAX_SHOWN,
): GapferryError {
  const lines = problems.slice(0, maxShown).map(({ path, message, line, column }) => {
    const place = line === undefined ? file : `${file}:${line}:${column}`;
    return printable(path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`);
  });
  if (problems.length > maxShown) lines.push(`and ${problems.length - maxShown} more`);
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: lines.join('\n'),
    hint: 'correct the lines named above and run the command again',
    data: { file, problems: problems.slice(0, 100) },
  });
}
