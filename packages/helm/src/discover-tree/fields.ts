/** What YAML and JSON can say, parsed. */
export type Value = string | number | bigint | boolean | null | readonly Value[] | Fields;

/** A mapping. Keys are untrusted: read them with `field`, build new ones with spread or `Object.fromEntries`, which give `__proto__` no power. */
export interface Fields {
  readonly [key: string]: Value;
}

export function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The value at the end of a path of keys. */
export function field(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let found = value;
  for (const key of path) found = isFields(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return found;
}

/** Text that is not empty. */
export function textAt(value: Value | undefined, ...path: readonly string[]): string | undefined {
  const found = field(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** The entries of a list; none for what is no list. */
export function listAt(value: Value | undefined, ...path: readonly string[]): readonly Value[] {
  const found = field(value, ...path);
  return isList(found) ? found : [];
}

export function textsAt(value: Value | undefined, ...path: readonly string[]): string[] {
  return listAt(value, ...path).filter((entry) => typeof entry === 'string');
}

export function fieldsAt(value: Value | undefined, ...path: readonly string[]): Fields {
  const found = field(value, ...path);
  return isFields(found) ? found : {};
}

/** `Deployment/web`. */
export function objectName(object: Fields): string {
  const name = textAt(object, 'metadata', 'name') ?? textAt(object, 'metadata', 'generateName');
  return name === undefined ? String(object['kind']) : `${object['kind']}/${name}`;
}

/** The group of an apiVersion: `apps` of `apps/v1`, `''` of `v1`. */
export function groupOf(object: Fields): string {
  const version = textAt(object, 'apiVersion') ?? '';
  return version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
}
