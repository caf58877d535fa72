import {
  type Digest,
  type ImageReference,
  parseImageReference,
  repositoryOf,
  toRepositoryName,
} from '@gapferry/core';
import { type ChartItem, describeItem, type ImageItem, type Item } from './manifest.ts';
import type { Problem } from './problems.ts';

/** Images, or charts, that would have one name at a registry inside: hosts have no case there and ports are written with a dash. The case of a tag counts: no file is named after one. */
export function tagProblems(items: readonly Item[]): Problem[] {
  return (['image', 'chart'] as const).flatMap((kind) => {
    const own = items.filter((item): item is ImageItem | ChartItem => item.kind === kind);
    const standing = new Map<string, Standing>();
    return [...own.flatMap(itemName), ...own.flatMap(attachmentNames)].flatMap((name) => {
      const other = standing.get(name.place);
      standing.set(name.place, other ?? name);
      // An attachment may belong to two items, or be an item besides.
      if (other === undefined || (!(name.isItem && other.isItem) && other.root === name.root)) return [];
      return [{ path: 'items', message: `${other.label} and ${name.label} would both be ${name.place}` }];
    });
  });
}

interface Standing {
  /** `repository:tag`, as a registry inside has it. */
  readonly place: string;
  readonly label: string;
  readonly root: Digest;
  readonly isItem: boolean;
}

/** What is no reference is told elsewhere. */
function itemName(item: ImageItem | ChartItem): Standing[] {
  const tag = tagOf(item);
  const name = { label: describeItem(item), root: item.root.digest, isItem: true };
  return tag === undefined ? [] : [{ ...name, place: `${repositoryIn(item)}:${tag}` }];
}

function attachmentNames(item: ImageItem | ChartItem): Standing[] {
  return (item.attachments ?? []).flatMap(({ root, tag }) =>
    tag === undefined
      ? []
      : [
          {
            place: `${repositoryIn(item)}:${tag}`,
            label: `attachment ${root.digest} of ${describeItem(item)}`,
            root: root.digest,
            isItem: false,
          },
        ],
  );
}

/** OCI tags have no `+`: Helm writes `_` instead (helm.sh, registries). */
function tagOf(item: ImageItem | ChartItem): string | undefined {
  return item.kind === 'chart' ? item.version.replaceAll('+', '_') : referenceIn(item)?.tag;
}

function repositoryIn(item: ImageItem | ChartItem): string {
  if (item.kind === 'chart') return toRepositoryName(item.id.slice(0, -item.version.length - 1));
  const reference = referenceIn(item);
  return reference === undefined ? item.id : toRepositoryName(repositoryOf(reference));
}

function referenceIn({ id }: ImageItem): ImageReference | undefined {
  try {
    return parseImageReference(id);
  } catch {
    return undefined;
  }
}
