import { type Fields, field, groupOf, textAt } from './fields.ts';

/** An object on its way through kustomizations. */
export interface Resource {
  readonly object: Fields;
  /** The file that brought it. */
  readonly file: string;
  /** What it was called on the way, the first name first, as patches may call it; the last is its name now. */
  readonly names: readonly ObjectId[];
  /** Texts that a kustomization wrote into it, and the file that did. */
  readonly written: ReadonlyMap<string, string>;
  readonly weight: number;
}

export interface ObjectId {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  /** `default` where nothing is said. */
  readonly namespace: string;
}

export function idOf(object: Fields): ObjectId {
  const version = textAt(object, 'apiVersion') ?? '';
  return {
    group: groupOf(object),
    version: version.slice(version.indexOf('/') + 1),
    kind: textAt(object, 'kind') ?? '',
    name: textAt(object, 'metadata', 'name') ?? '',
    namespace: textAt(object, 'metadata', 'namespace') ?? 'default',
  };
}

export function newResource(object: Fields, file: string, weight: number): Resource {
  return { object, file, names: [idOf(object)], written: new Map(), weight };
}

/** The same resource with another object; its names grow where it is called otherwise now. */
export function changed(resource: Resource, object: Fields): Resource {
  if (object === resource.object) return resource;
  const id = idOf(object);
  const isNew = JSON.stringify(id) !== JSON.stringify(resource.names.at(-1));
  return { ...resource, object, names: isNew ? [...resource.names, id] : resource.names };
}

/** `config.kubernetes.io/local-config`: for tools, never in a cluster. */
export function isLocal(object: Fields): boolean {
  const mark = field(object, 'metadata', 'annotations', 'config.kubernetes.io/local-config');
  return mark !== undefined && mark !== 'false';
}
