import { GapferryError, nearestName, printable } from '@gapferry/core';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { FORMATS, type FormatName } from './formats.ts';

import { formatPath, type Problem, toProblems } from './problems.ts';

const MAX_BYTES = 1_048_576;

/** What a YAML file says, and how to point at a place in it. */
export interface YamlFile<T> {
  readonly value: T;
  /** Problem at a path, with line and column. */
  problem(path: readonly PropertyKey[], message: string): Problem;
}

/** Parses a YAML 1.2 file that people write and checks it against a schema; all problems at once, each with line and column.
 *  `file` is the name shown. Throws `CONFIG_INVALID`. Aliases are limited, duplicate keys, several documents and custom tags refused. */
export function parseYaml<T>(
  text: string,
  file: string,
  format: FormatName,
  schema: z.ZodType<T>,
  knownKeys: readonly string[] = [],
): YamlFile<T> {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw configError(file, [{ path: '', message: `is larger than ${MAX_BYTES} bytes` }]);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
    version: '1.2',
    schema: 'core',
  });
  const at = (offset: number): Pick<Problem, 'line' | 'column'> => ({
    line: lines.linePos(offset).line,
    column: lines.linePos(offset).col,
  });
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    message: error.message,
    ...at(error.pos[0]),
  }));
  if (syntax.length > 0) throw configError(file, syntax);
  const place = (path: readonly PropertyKey[]): Pick<Problem, 'line' | 'column'> =>
    at(offsetOf(document, path));
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
  throw configError(
    file,
    toProblems(parsed.error).map((found) => ({
      ...found,
      message: withSuggestion(found, knownKeys),
      ...place(parsePath(found.path)),
    })),
  );
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw configError(file, [{ path: '', message: cause instanceof Error ? cause.message : String(cause) }]);
  }
}

function formatProblem(value: unknown, name: FormatName): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return `is empty; it begins with "format: ${FORMATS[name]}"`;
  const format = 'format' in value ? value.format : undefined;
  if (format === FORMATS[name]) return undefined;
  return format === undefined
    ? `is missing; write "format: ${FORMATS[name]}"`
    : `must be ${FORMATS[name]}, not "${String(format).slice(0, 60)}"`;
}

/** Offset of the deepest part of the path that exists: an unknown or missing member points at what it belongs to. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parts = path.slice(0, length);
    const key = keyOffset(document, parts);
    if (key !== undefined) return key;
    const node = document.getIn(parts as unknown[], true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number | undefined {
  const name = path.at(-1);
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1) as unknown[], true);
  if (typeof name !== 'string' || parent === null || typeof parent !== 'object' || !('items' in parent))
    return undefined;
  for (const pair of parent.items as Array<{ key?: unknown; value?: unknown }>) {
    const key = pair.key;
    if (isNode(key) && 'value' in key && key.value === name)
      return isNode(pair.value) && pair.value.range ? pair.value.range[0] : key.range?.[0];
  }
  return undefined;
}

function parsePath(path: string): PropertyKey[] {
  return [...path.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
}

function withSuggestion(problem: Problem, knownKeys: readonly string[]): string {
  if (problem.message !== 'is not known here') return problem.message;
  const name = problem.path.split(/[.\]]/).at(-1) ?? '';
  const near = nearestName(name, knownKeys);
  return near === undefined ? problem.message : `${problem.message}; did you mean "${near}"?`;
}

/** `file:line:column: path: what is wrong`, one line each. */
export function configError(file: string, problems: readonly Problem[]): GapferryError {
  const lines = problems.map(({ path, message, line, column }) => {
    const place = line === undefined ? file : `${file}:${line}:${column}`;
    return printable(path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`);
  });
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: lines.join('\n'),
    hint: 'correct the lines named above and run the command again',
    data: { file, problems: problems.slice(0, 100) },
  });
}
