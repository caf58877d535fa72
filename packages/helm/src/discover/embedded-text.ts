import { isGapferryError } from '@gapferry/core';
import { hasTag, referenceForm } from './reference-form.ts';
import { parseYamlTree, type YamlNode } from './yaml-tree.ts';

/** Longer ones are only read line by line. */
const PARSED_LIMIT = 1_048_576;
const SETTING =
  /^[ \t]*(?:- )?["']?([\w.-]*image)["']?[ \t]*[:=][ \t]*["']?([^\s"',]{1,512})["']?,?[ \t]*$/gim;

/** The YAML or JSON documents in a text of a ConfigMap or an annotation; empty where it is neither, which is no error: it may be a script or a template. */
export function treesIn(text: string): YamlNode[] {
  if (text.length > PARSED_LIMIT) return [];
  const json = /^\s*[[{]/.test(text) ? parsedJson(text) : undefined;
  if (json !== undefined) return [json];
  const trees = text
    .replace(/\r\n?/g, '\n')
    .split(/^---(?=\s|$)/m)
    .map((part) => parsedYaml(part));
  return trees.every((tree) => tree !== undefined)
    ? trees.filter((tree) => typeof tree === 'object' && tree !== null)
    : [];
}

/** Lines such as `image: "x"` or `SIDECAR_IMAGE=x` in a text that is no YAML as a whole. Templated values are no references. */
export function imageLinesIn(text: string): string[] {
  const references = [...text.matchAll(SETTING)].flatMap(([, , value = '']) => {
    const form = referenceForm(value);
    return form === 'full' || (form === 'named' && hasTag(value)) ? [value] : [];
  });
  return [...new Set(references)];
}

/** A line of a comment runs nothing. */
export function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:#|\/\/).*$/gm, '');
}

function parsedJson(text: string): YamlNode | undefined {
  try {
    return JSON.parse(text) as YamlNode;
  } catch {
    return undefined;
  }
}

function parsedYaml(text: string): YamlNode | undefined {
  try {
    return parseYamlTree(text, { file: 'embedded text' });
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}
