import { type Fields, field, groupOf, isFields, isList, type Value } from './fields.ts';

/** The lists of Kubernetes' own kinds that are merged entry by entry, and the key that tells entries apart. All others are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  resourceClaims: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  ports: 'containerPort',
  webhooks: 'name',
};

/** Applies a strategic merge patch as kustomize does (kyaml merge2): mappings are merged, null removes, `$patch: delete|replace|merge` are obeyed, lists of custom resources are replaced.
 *  Undefined when the patch deletes the object. */
export function mergeStrategically(object: Fields, patch: Fields): Fields | undefined {
  const merged = merge(object, patch, isOfKubernetes(object));
  return isFields(merged) ? merged : undefined;
}

/** Only these have a schema with merge keys: `apps`, `batch`, `''`, and `*.k8s.io` without those that are custom resources. */
function isOfKubernetes(object: Fields): boolean {
  const group = groupOf(object);
  return !group.includes('.') || KUBERNETES_GROUPS.test(group);
}

const KUBERNETES_GROUPS =
  /^(?:admissionregistration|apiextensions|apiregistration|authentication|authorization|certificates|coordination|discovery|events|flowcontrol\.apiserver|networking|node|policy|rbac\.authorization|resource|scheduling|storage)\.k8s\.io$/;

type Merged = Value | undefined;

function merge(before: Merged, patch: Value, typed: boolean, key?: string): Merged {
  if (patch === null) return undefined;
  if (isFields(patch)) return mergeFields(before, patch, typed);
  if (isList(patch)) return mergeLists(before, patch, typed, key);
  return patch;
}

function mergeFields(before: Merged, patch: Fields, typed: boolean): Merged {
  const { $patch: directive, ...fields } = patch;
  if (directive === 'delete') return undefined;
  const base = directive === 'replace' || !isFields(before) ? {} : before;
  const entries = new Map<string, Value>(Object.entries(base));
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith('$setElementOrder/') || key.startsWith('$retainKeys')) continue;
    const merged = merge(entries.get(key), value, typed, key);
    if (merged === undefined) entries.delete(key);
    else entries.set(key, merged);
  }
  return Object.fromEntries(entries);
}

function mergeLists(
  before: Merged,
  patch: readonly Value[],
  typed: boolean,
  key: string | undefined,
): Merged {
  const mergeKey = typed && key !== undefined && Object.hasOwn(MERGE_KEYS, key) ? MERGE_KEYS[key] : undefined;
  if (mergeKey === undefined || !patch.every((entry) => isFields(entry))) return patch;
  const whole = patch.find((entry) => '$patch' in entry && Object.keys(entry).length === 1);
  const entries = patch.filter((entry) => entry !== whole);
  if (whole?.['$patch'] === 'delete') return undefined;
  const base = whole?.['$patch'] === 'replace' || !isList(before) ? [] : before;
  return mergeEntries(base, entries, mergeKey, typed);
}

/** What is new stands first, as kustomize's prepending has it. */
function mergeEntries(
  base: readonly Value[],
  patch: readonly Fields[],
  mergeKey: string,
  typed: boolean,
): Value[] {
  const patches = new Map(patch.map((entry) => [idOf(entry, mergeKey), entry]));
  const kept = base.flatMap((entry) => {
    const id = idOf(entry, mergeKey);
    const change = id === undefined ? undefined : patches.get(id);
    if (change === undefined) return [entry];
    patches.delete(id);
    const merged = mergeFields(entry, change, typed);
    return merged === undefined ? [] : [merged];
  });
  const added = [...patches.values()]
    .map((entry) => mergeFields(undefined, entry, typed))
    .filter((entry) => entry !== undefined);
  return [...added, ...kept];
}

function idOf(entry: Value, mergeKey: string): string | undefined {
  const id = field(entry, mergeKey);
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}
