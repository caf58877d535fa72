import { GapferryError } from '@gapferry/core';
import { parseDocument, visit, YAMLParseError } from 'yaml';
import { requireShallow } from '../go-yaml.ts';

/** What YAML 1.2 says, resolved: `1.10` is the number 1.1, as a chart's template would print it. */
export type YamlNode = string | number | boolean | null | readonly YamlNode[] | YamlMap;

export interface YamlMap {
  readonly [member: string]: YamlNode;
}

/** Where a text begins: messages count lines from there. */
export interface YamlOrigin {
  /** The file, as its owner names it. */
  readonly file: string;
  /** Lines of the file that stand before the text. */
  readonly linesBefore?: number;
  /** `line 12 of …` in messages, where the lines are not those of the file itself. */
  readonly linesOf?: string;
}

/** Characters of one document: more than an API server takes in a request. */
const DOCUMENT_LIMIT = 3_145_728;
/** More than any manifest has; the library's time grows with their square. */
const MOST_ALIASES = 1_000;
const MOST_USES_OF_AN_ALIAS = 250;
/** `- - - -` nests with two characters, where the library's stack would end only after much time. */
const NESTED_IN_ONE_LINE = /^ *(?:[-?] +){200}/m;

/** Parses one document of untrusted YAML as leniently as Helm and kubectl do: of a key that stands twice the last counts.
 *  Throws `CONTENT_INVALID` with file and line, and `LIMIT_EXCEEDED` for more than 3 MiB or 1,000 aliases. An empty document is null. */
export function parseYamlTree(text: string, origin: YamlOrigin): YamlNode {
  if (text.length > DOCUMENT_LIMIT) throw tooMuch(origin, `${DOCUMENT_LIMIT} characters in one document`);
  try {
    requireShallow(text);
    if (NESTED_IN_ONE_LINE.test(text)) throw new Error('it is nested too deeply');
    const document = parseDocument(text, {
      merge: true,
      // What Go's library takes, a chart may say.
      strict: false,
      uniqueKeys: false,
      logLevel: 'error',
      prettyErrors: false,
    });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    if (countAliases(document) > MOST_ALIASES) throw tooMuch(origin, `${MOST_ALIASES} aliases`);
    return document.toJS({ maxAliasCount: MOST_USES_OF_AN_ALIAS }) as YamlNode;
  } catch (cause) {
    throw cause instanceof GapferryError ? cause : notYaml(text, origin, cause);
  }
}

function countAliases(document: Parameters<typeof visit>[0]): number {
  let count = 0;
  visit(document, {
    Alias() {
      count += 1;
      return count > MOST_ALIASES ? visit.BREAK : undefined;
    },
  });
  return count;
}

function notYaml(text: string, origin: YamlOrigin, cause: unknown): GapferryError {
  const line =
    cause instanceof YAMLParseError
      ? (origin.linesBefore ?? 0) + text.slice(0, cause.pos[0]).split('\n').length
      : undefined;
  // A RangeError is the end of the stack: nesting without end.
  const why =
    cause instanceof RangeError ? 'it is nested too deeply' : cause instanceof Error ? cause.message : '';
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${origin.file} is not valid YAML: ${lineText(line, origin)}${why.slice(0, 300)}`,
    hint: 'correct the template or the values that it was made with; helm template --debug shows the text',
    data: { file: origin.file, ...(line !== undefined && { line }) },
    cause,
  });
}

function lineText(line: number | undefined, { linesOf }: YamlOrigin): string {
  if (line === undefined) return '';
  return linesOf === undefined ? `line ${line}: ` : `line ${line} of ${linesOf}: `;
}

function tooMuch({ file }: YamlOrigin, limit: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${file} has more YAML than is read: the limit is ${limit}`,
    data: { file },
  });
}

export function isMap(node: YamlNode | undefined): node is YamlMap {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

export function isList(node: YamlNode | undefined): node is readonly YamlNode[] {
  return Array.isArray(node);
}

/** A member of its own, never one of Object.prototype. */
export function memberOf(node: YamlNode | undefined, member: string): YamlNode | undefined {
  return isMap(node) && Object.hasOwn(node, member) ? node[member] : undefined;
}

/** Text and numbers as text without white space around it; `undefined` for everything else, and for the empty text. */
export function textOf(node: YamlNode | undefined): string | undefined {
  if (typeof node === 'number') return String(node);
  return typeof node === 'string' && node.trim() !== '' ? node.trim() : undefined;
}
