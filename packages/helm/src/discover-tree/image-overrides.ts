import type { ImageOverride } from '@gapferry/core';
import { type Fields, isFields, isList, textAt, type Value } from './fields.ts';
import { goPattern } from './go-pattern.ts';

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

/** Kustomize's `images:` on one object, as its ImageTagTransformer: `image` of every entry of a `containers` or `initContainers` anywhere, then the fields above; CustomResourceDefinitions stay. One override
 *  after the other, each sees what the one before wrote. The same object where nothing changed. `looked` is told of each image. */
export function overrideImages(
  object: Fields,
  overrides: readonly ImageOverride[],
  more: readonly ImageField[],
  looked: () => void,
): Fields {
  if (object['kind'] === 'CustomResourceDefinition' || overrides.length === 0) return object;
  return overrides.reduce((before, override) => {
    const change = changeOf(override, looked);
    const walked = inContainers(before, change) as Fields;
    return [...USUAL_FIELDS, ...more]
      .filter((spec) => selects(spec, object))
      .reduce((made, { path }) => inField(made, path.split('/'), change) as Fields, walked);
  }, object);
}

type Change = (image: string) => string;

function changeOf(override: ImageOverride, looked: () => void): Change {
  const pattern = goPattern(`^${override.name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  return (image) => {
    looked();
    return image.length <= LONGEST_IMAGE && pattern.test(image) ? overridden(image, override) : image;
  };
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

function inContainers(value: Value, change: Change): Value {
  return mapped(value, (entry, key) => {
    const below = inContainers(entry, change);
    const isContainers = key === 'containers' || key === 'initContainers';
    return isContainers && isList(below)
      ? mapped(below, (container) => inField(container, ['image'], change))
      : below;
  });
}

function inField(value: Value, path: readonly string[], change: Change): Value {
  const [step, ...rest] = path;
  if (step === undefined) return typeof value === 'string' ? change(value) : value;
  const key = step.replace(/\[\]$/, '');
  if (isList(value)) return mapped(value, (entry) => inField(entry, path, change));
  if (!isFields(value) || !Object.hasOwn(value, key)) return value;
  const before = value[key] as Value;
  const after = inField(before, rest, change);
  return after === before ? value : { ...value, [key]: after };
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
