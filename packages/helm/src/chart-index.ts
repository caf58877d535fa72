import { type Digest, digestFromHex, GapferryError, isDigest } from '@gapferry/core';
import { isTree, parseGoYaml, textOf, YAML_LIMIT, type YamlTree } from './go-yaml.ts';

/** 50 MiB; the largest public repositories have 20. */
export const INDEX_LIMIT = 52_428_800;

/** One version of a chart in index.yaml. */
export interface IndexEntry {
  readonly version: string;
  /** Absolute, or relative to the repository. */
  readonly url: string;
  readonly digest?: Digest;
}

/** The versions of one chart in a repository's index.yaml (YAML or JSON); entries that Helm would skip are skipped. `undefined` when the chart is not in it.
 *  Throws `CONTENT_INVALID` for an index that is none, or where one version stands twice with different content. */
export function readChartIndex(
  bytes: Uint8Array,
  name: string,
  place: string,
): readonly IndexEntry[] | undefined {
  const text = new TextDecoder('utf-8').decode(bytes);
  const what = `the index of ${place}`;
  const entries = entriesOf(text, name, what);
  if (entries === undefined) return undefined;
  const versions = new Map<string, IndexEntry>();
  for (const entry of entries.flatMap(toEntry)) {
    const other = versions.get(entry.version);
    if (other !== undefined && other.digest !== entry.digest)
      throw invalid(what, `${name} ${entry.version} stands in it twice, with different digests`);
    if (other === undefined) versions.set(entry.version, entry);
  }
  return [...versions.values()];
}

function entriesOf(text: string, name: string, what: string): readonly YamlTree[] | undefined {
  if (text.length > YAML_LIMIT && !mentions(text, name)) return undefined;
  const block = text.length < 65_536 ? undefined : chartBlock(text, name);
  const entries =
    block === undefined ? allEntries(text, what) : (parseBlock(block, what) ?? allEntries(text, what));
  const list = Object.hasOwn(entries, name) ? entries[name] : undefined;
  return list === undefined || list === null ? undefined : Array.isArray(list) ? list : [];
}

/** Does the name stand anywhere as a key? A large index without the chart need not be parsed to say so. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1))
    if (/^["']?[ \t]*:/.test(text.slice(at + name.length, at + name.length + 16))) return true;
  return false;
}

function parseBlock(block: string, what: string): { readonly [key: string]: YamlTree } | undefined {
  try {
    const tree = parseGoYaml(block, what);
    return isTree(tree) ? tree : undefined;
  } catch {
    // An alias into another chart's entry, perhaps: the whole index decides.
    return undefined;
  }
}

function allEntries(text: string, what: string): { readonly [key: string]: YamlTree } {
  const tree = text.trimStart().startsWith('{') ? parseJsonIndex(text, what) : parseGoYaml(text, what);
  if (!isTree(tree) || !textOf(tree['apiVersion'])) throw invalid(what, 'it has no apiVersion');
  const { entries = null } = tree;
  if (entries !== null && !isTree(entries) && textOf(entries) !== undefined)
    throw invalid(what, 'its entries are no mapping');
  return isTree(entries) ? entries : {};
}

/** Flow YAML looks the same, so what is not JSON is tried as YAML. */
function parseJsonIndex(text: string, what: string): YamlTree {
  try {
    return JSON.parse(text) as YamlTree;
  } catch {
    return parseGoYaml(text, what);
  }
}

/** The lines of one chart below a top-level `entries:` in block style, so that a large index need not be parsed whole: at the indentation of the charts' names only names, list items and
 *  comments can stand. `undefined` when the index is written another way or does not have the chart like this. */
function chartBlock(text: string, name: string): string | undefined {
  const start = /^entries:[ \t]*\r?\n/m.exec(text);
  if (start === null) return undefined;
  const from = start.index + start[0].length;
  const indent = /^(?:[ \t]*(?:#.*)?\r?\n)*( +)[^\s#-]/.exec(text.slice(from, from + 4096))?.[1];
  if (indent === undefined) return undefined;
  const opening = `${indent}${name}:`;
  let at = lineStartingWith(text, opening, from);
  if (at < 0 || lineStartingWith(text, opening, at + 1) >= 0) return undefined;
  const begin = at;
  const next = new RegExp(
    `\\n(?! {${indent.length}}[ #-]|[ \\t]*\\r?\\n|[ \\t]*#| {${indent.length}}\\r?$)`,
    'g',
  );
  next.lastIndex = text.indexOf('\n', begin);
  at = next.exec(text)?.index ?? text.length;
  return text.slice(begin, at + 1);
}

function lineStartingWith(text: string, opening: string, from: number): number {
  if (text.startsWith(opening, from)) return from;
  const at = text.indexOf(`\n${opening}`, from);
  return at < 0 ? -1 : at + 1;
}

function toEntry(tree: YamlTree): readonly IndexEntry[] {
  if (!isTree(tree)) return [];
  const version = textOf(tree['version']);
  const url = Array.isArray(tree['urls']) ? textOf(tree['urls'][0] as YamlTree) : undefined;
  if (!version || !url) return [];
  const digest = textOf(tree['digest']);
  return [{ version, url, ...(digest && { digest: toDigest(digest) }) }];
}

function toDigest(text: string): Digest {
  return isDigest(text) ? text : digestFromHex(text.toLowerCase());
}

function invalid(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${what} is refused: ${why}`,
  });
}
