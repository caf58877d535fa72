import { type Node, parseSync } from 'oxc-parser';

export interface SourceFile {
  /** from the root of the repository, with slashes: `packages/oci/src/pull.ts` */
  readonly path: string;
  /** `oci`; undefined for what lies outside packages/ */
  readonly package: string | undefined;
  readonly isTest: boolean;
  readonly lines: number;
  readonly imports: readonly Sighting[];
  /** `process.env`, `it.skip`, `fetch()` … as written, with its line */
  readonly uses: readonly Sighting[];
  readonly functions: readonly FunctionSize[];
}

export interface Sighting {
  readonly what: string;
  readonly line: number;
}

export interface FunctionSize extends Sighting {
  readonly lines: number;
  /** The function only lists tests: a `describe` callback or a contract suite. */
  readonly listsTests: boolean;
}

/** Reads what the rules ask about out of one source. Throws when the text is not valid TypeScript or JavaScript. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`);
  const lineOf = lineCounter(text);
  const found: Found = { imports: [], uses: [], functions: [], bound: new Set() };
  visit(program, undefined, (node, parent) => look(node, parent, found, lineOf));
  return {
    path,
    package: /^packages\/([^/]+)\//.exec(path)?.[1],
    isTest: isTestPath(path),
    lines: text === '' ? 0 : text.replace(/\n$/, '').split('\n').length,
    imports: found.imports,
    uses: found.uses.filter(({ what }) => !(what === 'fetch()' && found.bound.has('fetch'))),
    functions: found.functions,
  };
}

interface Found {
  readonly imports: Sighting[];
  readonly uses: Sighting[];
  readonly functions: FunctionSize[];
  /** names declared anywhere in the file */
  readonly bound: Set<string>;
}

type AnyNode = Node & { readonly [key: string]: unknown };

/** What stands in src/testing is for tests: of other packages in core and bundle, of its own in cli, collector, git, importer, objects and targets. */
function isTestPath(path: string): boolean {
  return (
    /\.test\.ts$/.test(path) ||
    path.startsWith('test/') ||
    /^packages\/(cli|core|bundle|collector|git|importer|objects|targets)\/src\/testing\//.test(path)
  );
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}

function visit(
  value: unknown,
  parent: AnyNode | undefined,
  see: (node: AnyNode, parent?: AnyNode) => void,
): void {
  if (Array.isArray(value)) {
    for (const element of value) visit(element, parent, see);
  } else if (isNode(value)) {
    see(value, parent);
    for (const key of Object.keys(value)) visit(value[key], value, see);
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function look(
  node: AnyNode,
  parent: AnyNode | undefined,
  found: Found,
  lineOf: (at: number) => number,
): void {
  const line = lineOf(node.start);
  const specifier = importedFrom(node);
  if (specifier !== undefined) found.imports.push({ what: specifier, line });
  const used = usedName(node);
  if (used !== undefined) found.uses.push({ what: used, line });
  if (node.type === 'Identifier' && binds(parent, node)) found.bound.add(node.name);
  if (isFunction(node)) {
    const lines = lineOf(node.end) - line + 1;
    found.functions.push({ what: functionName(node, parent), line, lines, listsTests: listsTests(node) });
  }
}

function importedFrom(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType': {
      const source: unknown = node.source;
      return isNode(source) && source.type === 'Literal' && typeof source.value === 'string'
        ? source.value
        : undefined;
    }
    default:
      return undefined;
  }
}

function usedName(node: AnyNode): string | undefined {
  if (node.type === 'CallExpression' && node.callee.type === 'Identifier') return `${node.callee.name}()`;
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined;
  const key = memberKey(node.property);
  return key === undefined ? undefined : `${node.object.name}.${key}`;
}

function memberKey(property: Node): string | undefined {
  if (property.type === 'Identifier') return property.name;
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined;
}

function binds(parent: AnyNode | undefined, node: AnyNode): boolean {
  if (parent === undefined) return false;
  if (isFunction(parent)) return parent['id'] === node || (parent['params'] as unknown[]).includes(node);
  if (parent.type === 'VariableDeclarator') return parent.id === node;
  if (parent.type === 'Property') return parent.value === node && parent.shorthand;
  return parent.type === 'ImportSpecifier' || parent.type === 'ImportDefaultSpecifier';
}

function isFunction(node: AnyNode): boolean {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

function functionName(node: AnyNode, parent: AnyNode | undefined): string {
  const named: unknown = node['id'] ?? parent?.['id'] ?? parent?.['key'];
  return isNode(named) && named.type === 'Identifier' ? named.name : '(anonymous)';
}

function listsTests(node: AnyNode): boolean {
  let found = false;
  visit(node['body'], undefined, (inner) => {
    const name = usedName(inner) ?? '';
    if (/^(describe|it|test)(\(\)$|\.(each|for|skipIf|runIf|prop)$)/.test(name)) found = true;
  });
  return found;
}
