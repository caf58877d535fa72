import { GapferryError, printable } from '@gapferry/core';
import { parseYamlTree, type YamlNode } from './yaml-tree.ts';

/** One document of a stream, with the file it comes from. */
export interface ManifestDocument {
  readonly file: string;
  readonly content: YamlNode;
}

/** Characters of a whole stream. */
const STREAM_LIMIT = 33_554_432;
const MOST_DOCUMENTS = 100_000;
const UNNAMED = 'manifest';

/** Reads a YAML stream document by document, so that memory is that of the largest one. Unless `file` is given, `# Source: chart/templates/x.yaml` names the file of what follows, as `helm template` prints it.
 *  Throws `CONTENT_INVALID` with file and line for what is no YAML, and `LIMIT_EXCEEDED`. */
export function* readManifests(text: string, file: string | undefined): Generator<ManifestDocument> {
  if (text.length > STREAM_LIMIT) throw tooMuch(file, `${STREAM_LIMIT} characters`);
  let source: string | undefined;
  for (const part of documentsOf(text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'), file)) {
    if (file === undefined) source = sourceIn(part.text) ?? source;
    const origin = { file: source ?? file ?? UNNAMED, linesBefore: part.linesBefore };
    const content = parseYamlTree(
      part.text,
      source === undefined ? origin : { ...origin, linesOf: 'the rendered text' },
    );
    // Text alone is no object, and Kubernetes takes none.
    if (typeof content === 'object' && content !== null) yield { file: origin.file, content };
  }
}

/** The files that `# Source:` comments of a rendered text name. */
export function sourcesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/^# Source: (.+?)\r?$/gm)].map(([, file = '']) => file));
}

/** A line that begins with `---` ends a document wherever it stands, even in a block of text. */
function* documentsOf(
  text: string,
  file: string | undefined,
): Generator<{ text: string; linesBefore: number }> {
  let count = 0;
  let linesBefore = 0;
  let lines: string[] = [];
  const begun = (): boolean => lines.some((line) => !/^\s*(?:#.*|%.*)?$/.test(line));
  for (const line of text.split('\n')) {
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(line)) {
      if (begun()) yield { text: lines.join('\n'), linesBefore };
      // A comment above the line still tells the source; directives say nothing that matters.
      else if (lines.some((above) => /^# Source: /.test(above)))
        yield { text: lines.filter((above) => !above.startsWith('%')).join('\n'), linesBefore };
      count += 1;
      if (count > MOST_DOCUMENTS) throw tooMuch(file, `${MOST_DOCUMENTS} documents`);
      linesBefore += lines.length;
      // Blanks instead of the dashes, so that columns stay right.
      lines = [line.replace(/^(?:---|\.\.\.)/, '   ')];
    } else lines.push(line);
  }
  if (begun()) yield { text: lines.join('\n'), linesBefore };
}

/** Only above the content: below it a comment is part of the document. */
function sourceIn(text: string): string | undefined {
  for (const line of text.split('\n')) {
    if (!/^\s*(?:#|$)/.test(line)) return undefined;
    const [, source] = /^# Source: (?!\w+:\/\/)(\S.{0,500}?)\s*$/.exec(line) ?? [];
    if (source !== undefined) return printable(source);
  }
  return undefined;
}

function tooMuch(file: string | undefined, limit: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${file ?? 'the rendered text'} has more manifests than are read: the limit is ${limit}`,
  });
}
