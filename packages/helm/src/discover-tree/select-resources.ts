import { type Fields, field, textAt } from './fields.ts';
import { goPattern } from './go-pattern.ts';
import { labelsMatch } from './label-selector.ts';
import { idOf, type ObjectId, type Resource } from './resource.ts';

/** The resources that a patch's `target` selects: regular expressions that match whole names, the first or the present one; selectors of labels and annotations. Throws `CONTENT_INVALID`. */
export function selectResources(resources: readonly Resource[], target: Fields, file: string): Resource[] {
  const matches = (member: string): ((...values: readonly string[]) => boolean) => {
    const text = textAt(target, member);
    if (text === undefined) return () => true;
    const pattern = goPattern(`^(?:${text})$`, file);
    return (...values) => values.some((value) => pattern.test(value));
  };
  const [group, version, kind, name, namespace] = ['group', 'version', 'kind', 'name', 'namespace'].map(
    matches,
  );
  const labels = textAt(target, 'labelSelector');
  const annotations = textAt(target, 'annotationSelector');
  return resources.filter(({ object, names }) => {
    const now = idOf(object);
    const first = names[0] ?? now;
    return (
      namespace?.(first.namespace, now.namespace) &&
      name?.(first.name, now.name) &&
      group?.(now.group) &&
      version?.(now.version) &&
      kind?.(now.kind) &&
      (labels === undefined || labelsMatch(labels, field(object, 'metadata', 'labels'), file)) &&
      (annotations === undefined || labelsMatch(annotations, field(object, 'metadata', 'annotations'), file))
    );
  });
}

/** The one resource that a strategic merge patch without target means: under any name it had. A namespace or a version that differ do no harm where there is only one. */
export function resourceNamed(resources: readonly Resource[], patch: Fields): Resource | undefined {
  const wanted = idOf(patch);
  const named = resources.filter(({ names }) => names.some((id) => isSame(id, wanted)));
  const exact = named.filter(({ names }) =>
    names.some(
      (id) => isSame(id, wanted) && id.namespace === wanted.namespace && id.version === wanted.version,
    ),
  );
  return exact[0] ?? (named.length === 1 ? named[0] : undefined);
}

function isSame(id: ObjectId, other: ObjectId): boolean {
  return id.name === other.name && id.kind === other.kind && id.group === other.group;
}
