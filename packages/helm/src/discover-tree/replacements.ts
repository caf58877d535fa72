import { type Fields, field, isFields, isList, listAt, textAt, textsAt, type Value } from './fields.ts';
import { pathInTree } from './file-tree.ts';
import type { Kustomization } from './kustomization.ts';
import { readValues } from './read-objects.ts';
import type { Reading } from './reading.ts';
import { refused } from './refusals.ts';
import { changed, type Resource } from './resource.ts';

/** `replacements:` copy a value of one object into fields of others, image names among them. A source that is not there throws `CONTENT_INVALID` unless objects are missing anyway (`isPartial`). */
export function applyReplacements(
  reading: Reading,
  kustomization: Kustomization,
  resources: readonly Resource[],
  isPartial: boolean,
): Resource[] {
  return replacementsOf(reading, kustomization).reduce<Resource[]>(
    (before, replacement) => {
      const value = sourceValue(replacement, before);
      if (value === undefined && isPartial) return before;
      if (value === undefined) throw refused(kustomization.file, 'the source of a replacement is not there');
      return listAt(replacement, 'targets').reduce<Resource[]>(
        (made, target) => made.map((resource) => withTarget(reading, kustomization, resource, target, value)),
        before,
      );
    },
    [...resources],
  );
}

function replacementsOf(reading: Reading, { all, directory, file }: Kustomization): Value[] {
  return listAt(all, 'replacements').flatMap((entry) => {
    const path = textAt(entry, 'path');
    if (path === undefined) return [entry];
    const found = pathInTree(directory, path, file);
    const bytes = reading.read(found);
    if (bytes === undefined)
      throw refused(file, `it names ${path}, which is not in the tree`, 'links are not followed');
    reading.used.add(found);
    return readValues(bytes, found).flatMap((value) => (isList(value) ? [...value] : [value]));
  });
}

function sourceValue(replacement: Value, resources: readonly Resource[]): string | undefined {
  const fixed = field(replacement, 'sourceValue');
  if (typeof fixed === 'string') return fixed;
  const source = field(replacement, 'source');
  if (!isFields(source)) return undefined;
  const [resource] = resources.filter((candidate) => isSelected(candidate, source));
  const path = fieldPath(textAt(source, 'fieldPath') ?? 'metadata.name');
  const found = path.reduce<Value | undefined>((value, step) => stepInto(value, step), resource?.object);
  if (typeof found !== 'string' && typeof found !== 'number') return undefined;
  const delimiter = textAt(source, 'options', 'delimiter');
  const index = Number(field(source, 'options', 'index') ?? 0);
  return delimiter === undefined ? String(found) : String(found).split(delimiter)[index];
}

function withTarget(
  reading: Reading,
  { file }: Kustomization,
  resource: Resource,
  target: Value,
  value: string,
): Resource {
  const select = field(target, 'select');
  if (!isFields(select) || !isSelected(resource, select)) return resource;
  if (listAt(target, 'reject').some((reject) => isFields(reject) && isSelected(resource, reject)))
    return resource;
  reading.count(resource.weight, file);
  const paths = textsAt(target, 'fieldPaths');
  const object = (paths.length === 0 ? ['metadata.name'] : paths).reduce<Fields>(
    (before, path) => replaceAt(before, fieldPath(path), (old) => placed(old, value, target)) as Fields,
    resource.object,
  );
  return changed(resource, object);
}

/** Exact values, unlike the target of a patch; any name the object had. */
function isSelected({ names }: Resource, selector: Fields): boolean {
  const members = ['group', 'version', 'kind', 'name', 'namespace'] as const;
  return names.some((id) =>
    members.every((member) => [undefined, id[member]].includes(textAt(selector, member))),
  );
}

function placed(old: Value, value: string, target: Value): string {
  const delimiter = textAt(target, 'options', 'delimiter');
  if (delimiter === undefined || typeof old !== 'string') return value;
  const index = Number(field(target, 'options', 'index') ?? 0);
  const parts = old.split(delimiter);
  if (index < 0) return [value, ...parts].join(delimiter);
  if (index >= parts.length) return [...parts, value].join(delimiter);
  return parts.with(index, value).join(delimiter);
}

/** `spec.containers.[name=web].image`, `a.*.b`, `metadata.annotations.example\.org/x`. */
function fieldPath(text: string): string[] {
  const steps = text.slice(0, 2_000).match(/\[[^\]]*\]|(?:\\.|[^.\\[])+/g) ?? [];
  return steps.map((step) => step.replaceAll('\\.', '.'));
}

function stepInto(value: Value | undefined, step: string): Value | undefined {
  if (isList(value)) return value.find((entry, index) => isMeant(entry, index, step));
  return field(value, step);
}

function replaceAt(value: Value, path: readonly string[], change: (old: Value) => string): Value {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (isList(value))
    return value.map((entry, index) =>
      isMeant(entry, index, step) ? replaceAt(entry, rest, change) : entry,
    );
  if (!isFields(value)) return value;
  if (step === '*')
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, replaceAt(entry, rest, change)]),
    );
  return Object.hasOwn(value, step)
    ? { ...value, [step]: replaceAt(value[step] as Value, rest, change) }
    : value;
}

function isMeant(entry: Value, index: number, step: string): boolean {
  const [, key, wanted] = /^\[([^=\]]+)=([^\]]*)\]$/.exec(step) ?? [];
  if (key !== undefined) return String(field(entry, key)) === wanted;
  return step === '*' || step === String(index);
}
