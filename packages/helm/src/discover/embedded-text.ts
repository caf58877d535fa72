import { isGapferryError } from '@gapferry/core';
import { hasTag, referenceForm } from './reference-form.ts';
import { parseYamlTree, type YamlNode } from './yaml-tree.ts';

/** Longer ones are only read line by line. */
const YAML_LIMIT = 262_144;
const JSON_LIMIT = 4_194_304;
/** How much faster JSON is parsed. */
const JSON_SPEED = 16;
const SETTING =
  /^[ \t]*(?:- )?["']?([\w.-]*image)["']?[ \t]*[:=][ \t]*["']?([^\s"',]{1,512})["']?,?[ \t]*$/gim;

/** The YAML or JSON documents in a text of a ConfigMap or an annotation; empty where it is neither, which is no error: it may be a script or a template. Empty too where `mayParse` refuses so many characters of YAML. */
export function treesIn(text: string, mayParse: (characters: number) => boolean): YamlNode[] {
  if (/^\s*[[{]/.test(text) && text.length <= JSON_LIMIT && mayParse(Math.ceil(text.length / JSON_SPEED))) {
    const json = parsedJson(text);
    if (json !== undefined) return [json];
  }
  if (text.length > YAML_LIMIT || !mayParse(text.length)) return [];
  const trees = text
    .replace(/\r\n?/g, '\n')
    .split(/^---(?=\s|$)/m)
    .map(parsedYaml);
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
