import { GapferryError } from '@gapferry/core';
import type { ValuesLayer } from './chart-tree.ts';
import { memberPath } from './member-path.ts';
import { isMap, memberOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

const MOST_MEMBERS = 1_000_000;
const DEEPEST = 250;
/** Members that an image is put together from. */
const PARTS = new Set(['registry', 'repository', 'image', 'tag', 'digest', 'sha', 'version', 'imageTag']);

/** A chart's values as Helm merges them: mappings member by member, the later layer wins, null takes away. Throws `LIMIT_EXCEEDED`. */
export function mergedValues(layers: readonly ValuesLayer[]): YamlMap {
  const left = { members: MOST_MEMBERS };
  return layers.reduce<YamlMap>(
    (merged, { values }) => (isMap(values) ? merge(merged, values, left, 0) : merged),
    {},
  );
}

/** Where it is written what a path of the merged values says: the outermost file that has the member, or another part of the same image. */
export function writtenAt(layers: readonly ValuesLayer[], path: string): { file: string; path: string } {
  const place = [...layers].reverse().find(({ values }) => says(values, path)) ?? layers[0];
  const front = place?.path ?? '';
  const joined = front === '' || path.startsWith('[') ? `${front}${path}` : `${front}.${path}`;
  return { file: place?.file ?? '', path: joined };
}

function merge(under: YamlMap, over: YamlMap, left: { members: number }, depth: number): YamlMap {
  const merged: Record<string, YamlNode> = Object.assign(Object.create(null), under);
  for (const [member, value] of Object.entries(over)) {
    left.members -= 1;
    if (left.members < 0 || depth > DEEPEST) throw tooMuch();
    const below = merged[member];
    if (value === null) delete merged[member];
    else merged[member] = isMap(below) && isMap(value) ? merge(below, value, left, depth + 1) : value;
  }
  return merged;
}

function says(values: YamlNode, path: string): boolean {
  let node: YamlNode | undefined = values;
  let rest = path;
  while (isMap(node)) {
    const here: YamlMap = node;
    const member = Object.keys(here).find((name) => isNext(rest, name));
    if (member === undefined)
      return rest !== path && isPart(rest) && Object.keys(here).some((name) => PARTS.has(name));
    rest = rest.slice(memberPath('', member).length).replace(/^\./, '');
    node = memberOf(here, member);
    if (rest === '') return true;
  }
  return node !== undefined && rest.startsWith('[');
}

function isNext(rest: string, member: string): boolean {
  const written = memberPath('', member);
  return rest === written || rest.startsWith(`${written}.`) || rest.startsWith(`${written}[`);
}

function isPart(rest: string): boolean {
  return PARTS.has(rest);
}

function tooMuch(): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `values.yaml has more than is merged: the limit is ${MOST_MEMBERS} members, ${DEEPEST} levels`,
  });
}
