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
  for (const step of pattern.split('.')) {
    const name = step.replace(/\[\]$/, '');
    reached = each(reached, (located) => membersOf(located, name), visit);
    if (step.endsWith('[]')) reached = each(reached, entriesOf, visit);
  }
  return reached;
}

/** The entries of a list. */
export function* entriesOf({ path, node }: Located): Generator<Located> {
  if (!isList(node)) return;
  for (const [at, entry] of node.entries()) yield { path: `${path}[${at}]`, node: entry };
}

/** One by one, so that `visit` ends it before there are too many. */
function each(
  reached: readonly Located[],
  step: (located: Located) => Iterable<Located>,
  visit: () => void,
): Located[] {
  const further: Located[] = [];
  for (const located of reached)
    for (const found of step(located)) {
      visit();
      further.push(found);
    }
  return further;
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
