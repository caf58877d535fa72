import { type Fields, field, fieldsAt, isFields, isList, type Value } from './fields.ts';
import { pathInTree } from './file-tree.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { Kustomization, PatchEntry } from './kustomization.ts';
import { readValues } from './read-objects.ts';
import { type Reading, weigh } from './reading.ts';
import { refused } from './refusals.ts';
import { changed, type Resource } from './resource.ts';
import { resourceNamed, selectResources } from './select-resources.ts';
import { mergeStrategically } from './strategic-merge.ts';

export interface Patched {
  readonly resources: readonly Resource[];
  /** Strategic merge patches whose object is not among the resources. */
  readonly loose: readonly UnappliedPatch[];
}

export interface UnappliedPatch {
  readonly patch: Fields;
  /** It names its object: kustomize fails without it. A target may select nothing. */
  readonly isRequired: boolean;
}

/** Applies patches in their order, strategic merge or JSON Patch, each to what its target selects or to the object it names. Throws `CONTENT_INVALID` naming the kustomization. */
export function applyPatches(
  reading: Reading,
  kustomization: Kustomization,
  entries: readonly PatchEntry[],
  resources: readonly Resource[],
): Patched {
  const loose: UnappliedPatch[] = [];
  let patched = resources;
  for (const entry of entries) {
    const after = applyEntry(reading, kustomization, entry, patched);
    patched = after.resources;
    loose.push(...after.loose);
  }
  return { resources: patched, loose };
}

function applyEntry(
  reading: Reading,
  kustomization: Kustomization,
  entry: PatchEntry,
  resources: readonly Resource[],
): Patched {
  const { file } = kustomization;
  const patches = patchesOf(reading, kustomization, entry);
  const operations = operationsIn(patches);
  if (operations !== undefined) {
    if (entry.target === undefined) throw refused(file, 'a JSON patch has no target');
    const selected = new Set(selectResources(resources, entry.target, file));
    return withChanged(
      reading,
      file,
      resources,
      selected,
      (object) => applyJsonPatch(object, operations, file),
      operations,
    );
  }
  if (!patches.every(isFields)) throw refused(file, 'a patch is neither an object nor a JSON patch');
  if (entry.target === undefined) return applyByName(reading, file, patches, resources);
  const [patch, ...more] = patches;
  if (patch === undefined || more.length > 0) throw refused(file, 'a patch with a target is one document');
  const selected = new Set(selectResources(resources, entry.target, file));
  if (selected.size === 0) return { resources, loose: [{ patch, isRequired: false }] };
  return withChanged(
    reading,
    file,
    resources,
    selected,
    (object) => mergedUnderItsName(object, patch, entry),
    patch,
  );
}

function applyByName(
  reading: Reading,
  file: string,
  patches: readonly Fields[],
  resources: readonly Resource[],
): Patched {
  const loose: UnappliedPatch[] = [];
  let patched = resources;
  for (const patch of patches) {
    const named = resourceNamed(patched, patch);
    const merge = (object: Fields): Fields | undefined => mergedUnderItsName(object, patch, undefined);
    if (named === undefined) loose.push({ patch, isRequired: true });
    else patched = withChanged(reading, file, patched, new Set([named]), merge, patch).resources;
  }
  return { resources: patched, loose };
}

/** A patch changes kind and name only where its options allow it. */
function mergedUnderItsName(
  object: Fields,
  patch: Fields,
  entry: PatchEntry | undefined,
): Fields | undefined {
  const after = mergeStrategically(object, patch);
  if (after === undefined) return undefined;
  const isAllowed = (option: string): boolean => entry?.options?.[option] === true;
  const before = fieldsAt(object, 'metadata');
  const kept = Object.fromEntries(
    ['name', 'namespace']
      .filter((key) => !(key === 'name' && isAllowed('allowNameChange')))
      .flatMap((key) => (Object.hasOwn(before, key) ? [[key, before[key] as Value]] : [])),
  );
  const metadata = { ...fieldsAt(after, 'metadata'), ...kept };
  const kind = isAllowed('allowKindChange') ? after['kind'] : object['kind'];
  return { ...after, ...(kind !== undefined && { kind }), metadata };
}

function withChanged(
  reading: Reading,
  file: string,
  resources: readonly Resource[],
  selected: ReadonlySet<Resource>,
  change: (object: Fields) => Fields | undefined,
  patch: Value,
): Patched {
  const weight = weigh(patch);
  const after = resources.flatMap((resource) => {
    if (!selected.has(resource)) return [resource];
    reading.count(resource.weight + weight, file);
    const object = change(resource.object);
    return object === undefined ? [] : [{ ...changed(resource, object), weight: resource.weight + weight }];
  });
  return { resources: after, loose: [] };
}

function patchesOf(reading: Reading, { directory, file }: Kustomization, { text, as }: PatchEntry): Value[] {
  const path = as === 'inline' || text.includes('\n') ? undefined : pathInTree(directory, text, file);
  const bytes = path === undefined ? undefined : reading.read(path);
  if (path !== undefined && bytes !== undefined) {
    reading.used.add(path);
    return readValues(bytes, path);
  }
  if (as === 'file')
    throw refused(file, `it names ${text}, which is not in the tree`, 'links are not followed');
  return readValues(new TextEncoder().encode(text), file);
}

/** A JSON Patch is one list of operations. */
function operationsIn(patches: readonly Value[]): readonly Value[] | undefined {
  const [first, ...more] = patches;
  if (more.length > 0 || !isList(first)) return undefined;
  return first.every((entry) => field(entry, 'op') !== undefined) ? first : undefined;
}
