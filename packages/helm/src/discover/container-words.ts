import type { Confidence } from '@gapferry/core';
import { hasTag, referenceForm } from './reference-form.ts';
import { memberOf, textOf, type YamlNode } from './yaml-tree.ts';

/** An image that words name, and which of them (its position) does. */
export interface WordFinding {
  readonly reference: string;
  readonly confidence: Confidence;
  readonly at: number;
}

const IMAGE_FLAG = /^--?[A-Za-z0-9][\w.-]*$/;
const NAMES_AN_IMAGE = /images?$/i;
const LONGEST_SCRIPT = 1_048_576;

/** Images in a container's command or arguments: `--sidecar-image=x`, `--image x` in one word or two, any other full reference, and the same inside a shell script. */
export function imagesInWords(words: readonly YamlNode[]): WordFinding[] {
  const texts = words.map((word) => (typeof word === 'string' ? word.trim() : ''));
  return texts.flatMap((text, at) => {
    if (/\s/.test(text)) return inScript(text).map((found) => ({ ...found, at }));
    return inWord(text, texts[at - 1] ?? '').map((found) => ({ ...found, at }));
  });
}

/** Images in a container's environment: `RELATED_IMAGE_X`, `X_IMAGE` (with the tag of `X_IMAGE_TAG` or `X_TAG` where it has none), other full references, and lists of them. */
export function imagesInEnvironment(variables: readonly YamlNode[]): WordFinding[] {
  const pairs = variables.map((variable) => ({
    name: textOf(memberOf(variable, 'name')) ?? '',
    value: textOf(memberOf(variable, 'value')) ?? '',
  }));
  const values = new Map(pairs.map(({ name, value }) => [name, value]));
  return pairs.flatMap(({ name, value }, at) =>
    imagesInSetting(name, value, (other) => values.get(other)).map((found) => ({ ...found, at })),
  );
}

/** Images in one setting of an environment or a flat configuration. `other` gives the value of another setting. */
export function imagesInSetting(
  name: string,
  value: string,
  other: (name: string) => string | undefined,
): Array<Omit<WordFinding, 'at'>> {
  const form = referenceForm(value);
  const related = /^RELATED_IMAGE_/i.test(name);
  const isImage = related || /(?:^|[_.-])images?$/i.test(name) || /[a-z]Images?$/.test(name);
  if (form === 'full' || (form !== undefined && isImage)) {
    const tag = isImage && !hasTag(value) ? tagBeside(name, other) : undefined;
    const reference = tag === undefined ? value : `${value}:${tag}`;
    const sure = form !== 'bare' || tag !== undefined;
    return [{ reference, confidence: sure ? 'likely' : 'possible' }];
  }
  const about = isImage || /image/i.test(name);
  return fullReferencesIn(value).map((reference) => ({
    reference,
    confidence: about ? 'likely' : 'possible',
  }));
}

/** Every full reference in a text that is longer than one: lists, scripts, configuration files. At most 1 MiB of it is read. */
export function fullReferencesIn(text: string): string[] {
  if (!/[\s,;=|"'[{]/.test(text)) return [];
  const words = text.slice(0, LONGEST_SCRIPT).match(/[^\s,;=|"'`()[\]{}<>]+/g) ?? [];
  return [...new Set(words.map(withoutScheme).filter((word) => referenceForm(word) === 'full'))];
}

function tagBeside(name: string, other: (name: string) => string | undefined): string | undefined {
  const stem = name.replace(/_IMAGE$/i, '');
  const [tag] = [`${name}_TAG`, `${stem}_TAG`, `${name}_VERSION`, `${stem}_VERSION`].flatMap((beside) => {
    const value = other(beside);
    return value !== undefined && /^[\w][\w.-]{0,127}$/.test(value) ? [value] : [];
  });
  return tag;
}

type Found = Omit<WordFinding, 'at'>;

function inWord(word: string, before: string): Found[] {
  const equals = word.startsWith('-') ? word.indexOf('=') : -1;
  const flag = equals > 0 ? word.slice(0, equals) : before;
  const reference = withoutScheme((equals > 0 ? word.slice(equals + 1) : word).replace(/^["']|["']$/g, ''));
  const form = referenceForm(reference);
  if (form === undefined)
    return fullReferencesIn(word).map((listed) => ({ reference: listed, confidence: 'likely' }));
  if (IMAGE_FLAG.test(flag) && NAMES_AN_IMAGE.test(flag))
    return [{ reference, confidence: form === 'bare' ? 'possible' : 'likely' }];
  return form === 'full' ? [{ reference, confidence: 'likely' }] : [];
}

/** A word after a flag counts as it does among arguments; any other only as a full reference. */
function inScript(text: string): Found[] {
  const words = text.slice(0, LONGEST_SCRIPT).split(/\s+/);
  const flagged = words.flatMap((word, at) => {
    const before = words[at - 1] ?? '';
    if (!word.startsWith('-') && !before.startsWith('-')) return [];
    return inWord(word.replace(/[;)`]+$/, ''), before).filter(({ confidence }) => confidence === 'likely');
  });
  const known = new Set(flagged.map(({ reference }) => reference));
  const others = fullReferencesIn(text).filter((reference) => !known.has(reference));
  return [...flagged, ...others.map((reference): Found => ({ reference, confidence: 'possible' }))];
}

function withoutScheme(word: string): string {
  return word.replace(/^(?:docker|oci):\/\//, '');
}
