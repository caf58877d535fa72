import type { ImageOverride } from '@gapferry/core';
import { type Fields, field, isFields, isList, textAt, type Value } from './fields.ts';
import { goPattern } from './go-pattern.ts';
import { tooMuch } from './refusals.ts';

/** Where kustomize looks for images besides `containers` and `initContainers`: `configurations:` adds to it. `path` has `/` between keys and `[]` behind lists. */
export interface ImageField {
  readonly path: string;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
}

const USUAL_FIELDS: readonly ImageField[] = [
  'spec/containers[]/image',
  'spec/initContainers[]/image',
  'spec/volumes[]/image/reference',
  'spec/template/spec/containers[]/image',
  'spec/template/spec/initContainers[]/image',
  'spec/template/spec/volumes[]/image/reference',
].map((path) => ({ path }));

/** `images:` of one kustomization, ready to be applied to many objects. */
export interface ImageRules {
  readonly changes: readonly Change[];
  readonly fields: readonly ImageField[];
}

type Change = (image: string) => string;

/** Throws `CONTENT_INVALID` for a name that is no pattern. */
export function imageRules(
  overrides: readonly ImageOverride[],
  more: readonly ImageField[],
  file: string,
): ImageRules {
  const fields = [...USUAL_FIELDS, ...more].map((spec) => ({
    ...spec,
    path: spec.path.replaceAll('[]', ''),
  }));
  return { changes: overrides.map((override) => changeOf(override, file)), fields };
}

/** Kustomize's `images:` on one object, as its ImageTagTransformer: `image` of every entry of a `containers` or `initContainers` anywhere, and the fields; CustomResourceDefinitions stay. One override
 *  after the other, each sees what the one before wrote; twice where a field is both (a `tagSuffix` shows it). The same object where nothing changed. `looked` is told of each image and override. */
export function overrideImages(object: Fields, { changes, fields }: ImageRules, looked: () => void): Fields {
  if (object['kind'] === 'CustomResourceDefinition' || changes.length === 0) return object;
  const times = new Map<string, number>();
  for (const spec of fields) if (selects(spec, object)) times.set(spec.path, (times.get(spec.path) ?? 0) + 1);
  const override = (image: string, count: number): string =>
    changes.reduce((before, change) => {
      looked();
      return Array.from({ length: count }).reduce<string>(change, before);
    }, image);
  return walk(object, '', false, (text, path, isContainers) => {
    const count = (isContainers ? 1 : 0) + (times.get(path) ?? 0);
    return count === 0 ? text : override(text, count);
  }) as Fields;
}

/** Every override is held against every image. */
const MOST_LOOKS = 5_000_000;

/** The same on documents that are rendered: the entries of a List one by one, as kustomize takes them. Throws, naming `file`, `CONTENT_INVALID` for a name that is no pattern, and `LIMIT_EXCEEDED` where
 *  images and overrides are too many together. */
export function documentOverrides(
  overrides: readonly ImageOverride[],
  file: string,
): (document: Value) => Value {
  const rules = imageRules(overrides, [], file);
  let looks = 0;
  const look = (): void => {
    looks += 1;
    if (looks > MOST_LOOKS) throw tooMuch(file, `more than ${MOST_LOOKS} images would have to be changed`);
  };
  const onObject = (value: Value): Value => (isFields(value) ? overrideImages(value, rules, look) : value);
  return (document) => {
    if (!isFields(document)) return document;
    const items = field(document, 'items');
    if (!String(document['kind']).endsWith('List') || !isList(items)) return onObject(document);
    return { ...document, items: items.map(onObject) };
  };
}

function changeOf(override: ImageOverride, file: string): Change {
  const matches = matcherOf(override.name, file);
  return (image) => (image.length <= LONGEST_IMAGE && matches(image) ? overridden(image, override) : image);
}

const TAG_AND_DIGEST = '(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$';
const REST = new RegExp(`^${TAG_AND_DIGEST}`);

/** Kustomize puts the name into a pattern. Most names have nothing of one but dots, each of which stands for any character. */
function matcherOf(name: string, file: string): (image: string) => boolean {
  if (!/^[\w./:@-]+$/.test(name)) {
    const pattern = goPattern(`^${name}${TAG_AND_DIGEST}`, file);
    return (image) => pattern.test(image);
  }
  return (image) => isAlike(image, name) && REST.test(image.slice(name.length));
}

function isAlike(image: string, name: string): boolean {
  if (image.length < name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (name[at] !== '.' && name[at] !== image[at]) return false;
  return true;
}

const LONGEST_IMAGE = 1_000;

/** A new tag or digest takes the place of both. */
function overridden(
  image: string,
  { newName = '', newTag = '', digest = '', tagSuffix = '' }: ImageOverride,
): string {
  const before = splitImage(image);
  const name = newName === '' ? before.name : newName;
  if (newTag !== '' || digest !== '') return joinImage(name, newTag, digest);
  if (tagSuffix !== '') return joinImage(name, `${before.tag}${tagSuffix}`, '');
  return joinImage(name, before.tag, before.digest);
}

export function joinImage(name: string, tag: string, digest: string): string {
  return `${name}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`;
}

/** Kustomize's own way to take an image name apart: a port counts as the host's only where a `/` follows. */
export function splitImage(image: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(image.indexOf('/'), 0);
  const at = image.indexOf('@', slash);
  const colon = image.indexOf(':', slash);
  if (at < 0 && colon < 0) return { name: image, tag: '', digest: '' };
  if (at >= 0 && (colon < 0 || at < colon))
    return { name: image.slice(0, at), tag: '', digest: image.slice(at + 1) };
  if (at >= 0)
    return { name: image.slice(0, colon), tag: image.slice(colon + 1, at), digest: image.slice(at + 1) };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1), digest: '' };
}

/** Texts by their path without list marks, and whether they are `image` of a container. `isEntry`: the value is an entry of `containers`. */
function walk(
  value: Value,
  path: string,
  isEntry: boolean,
  change: (text: string, path: string, isContainers: boolean) => string,
): Value {
  const isEntries = isList(value) && /(?:^|\/)(?:containers|initContainers)$/.test(path);
  return mapped(value, (entry, key) => {
    const below = isList(value) ? path : path === '' ? key : `${path}/${key}`;
    if (typeof entry === 'string') return change(entry, below, isEntry && key === 'image');
    return walk(entry, below, isEntries, change);
  });
}

/** The same value where no entry changed. */
function mapped(value: Value, change: (entry: Value, key: string) => Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  let isChanged = false;
  const entries = Object.entries(value).map(([key, entry]) => {
    const after = change(entry as Value, key);
    isChanged ||= after !== entry;
    return [key, after] as const;
  });
  if (!isChanged) return value;
  return isList(value) ? entries.map(([, entry]) => entry) : Object.fromEntries(entries);
}

function selects({ group, version, kind }: ImageField, object: Fields): boolean {
  const [itsVersion = '', itsGroup = ''] = (textAt(object, 'apiVersion') ?? '').split('/').reverse();
  return (
    (group === undefined || group === itsGroup) &&
    (version === undefined || version === itsVersion) &&
    (kind === undefined || kind === object['kind'])
  );
}
