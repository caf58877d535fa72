import { isList, isMap, memberOf, type YamlNode } from './yaml-tree.ts';

/** A node, and where it stands: `spec.containers[0].image`. */
export interface Located {
  readonly path: string;
  readonly node: YamlNode;
}

/** Members with dots where their names allow it, else quoted in brackets: `data["config.yaml"]`. */
export function memberPath(path: string, member: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(member)) return `${path}[${JSON.stringify(member.slice(0, 300))}]`;
  return path === '' ? member : `${path}.${member}`;
}

/** All nodes that a pattern reaches: `spec.templates[].container`, with `[]` for every entry of a list and `*` for every member of a mapping.
 *  `visit` is called for each node on the way and may throw: aliases can make few characters many nodes. */
export function nodesAt(root: Located, pattern: string, visit: () => void): Located[] {
  let reached: Located[] = [root];
  for (const step of pattern === '' ? [] : pattern.split('.')) {
    const name = step.replace(/\[\]$/, '');
    const list = step.endsWith('[]');
    reached = reached
      .flatMap((located) => membersOf(located, name))
      .flatMap((located) => (list ? entriesOf(located) : [located]).map((found) => (visit(), found)));
  }
  return reached;
}

/** The entries of a list. */
export function entriesOf({ path, node }: Located): Located[] {
  return isList(node) ? node.map((entry, at) => ({ path: `${path}[${at}]`, node: entry })) : [];
}

function membersOf({ path, node }: Located, name: string): Located[] {
  if (name !== '*') {
    const member = memberOf(node, name);
    return member === undefined ? [] : [{ path: memberPath(path, name), node: member }];
  }
  return isMap(node)
    ? Object.entries(node).map(([member, value]) => ({ path: memberPath(path, member), node: value }))
    : [];
}
