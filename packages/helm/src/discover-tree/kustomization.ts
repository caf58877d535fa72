import type { ImageOverride } from '@gapferry/core';
import { type Fields, field, fieldsAt, isFields, isList, listAt, textAt, type Value } from './fields.ts';
import { directoryOf, type FileTree } from './file-tree.ts';
import { readValues } from './read-objects.ts';
import type { Reading } from './reading.ts';
import { refused } from './refusals.ts';

export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** One kustomization file, the members that decide about images. Old names are read as the new ones, as kustomize does. */
export interface Kustomization {
  readonly file: string;
  readonly directory: string;
  readonly isComponent: boolean;
  /** With `bases`. */
  readonly resources: readonly string[];
  readonly components: readonly string[];
  readonly images: readonly ImageOverride[];
  /** In the order kustomize applies them; those of `patchesJson6902` come after the names. */
  readonly patches: readonly PatchEntry[];
  readonly latePatches: readonly PatchEntry[];
  readonly all: Fields;
}

export interface PatchEntry {
  /** A file, or the patch itself where `inline`; `either` is decided by whether there is such a file. */
  readonly text: string;
  readonly as: 'file' | 'inline' | 'either';
  readonly target?: Fields;
  readonly options?: Fields;
}

/** The kustomization file of a directory; undefined where there is none. Throws `CONTENT_INVALID` for two of them. */
export function kustomizationFileIn(tree: FileTree, directory: string): string | undefined {
  const names = new Set(tree.list(directory));
  const [name, second] = KUSTOMIZATION_NAMES.filter((candidate) => names.has(candidate));
  if (name === undefined) return undefined;
  const file = directory === '' ? name : `${directory}/${name}`;
  if (second !== undefined) throw refused(file, `there is a ${second} beside it; kustomize takes only one`);
  return file;
}

/** Throws `CONTENT_INVALID` for what kustomize would not read, `LIMIT_EXCEEDED` for what is too large. */
export function readKustomization(reading: Reading, file: string): Kustomization {
  const bytes = reading.read(file);
  const [all] = bytes === undefined ? [] : readValues(bytes, file);
  if (!isFields(all)) throw refused(file, 'it is not a kustomization');
  return kustomizationOf(all, file);
}

export function kustomizationOf(all: Fields, file: string): Kustomization {
  const kind = textAt(all, 'kind') ?? 'Kustomization';
  if (kind !== 'Kustomization' && kind !== 'Component')
    throw refused(file, `its kind is "${kind}", not Kustomization or Component`);
  return {
    file,
    directory: directoryOf(file),
    isComponent: kind === 'Component',
    resources: [...texts(all, 'resources', file), ...texts(all, 'bases', file)],
    components: texts(all, 'components', file),
    images: [...listOf(all, 'images', file), ...listOf(all, 'imageTags', file)].map((entry) =>
      toOverride(entry, file),
    ),
    patches: [
      ...texts(all, 'patchesStrategicMerge', file).map((text) => ({ text, as: 'either' as const })),
      ...listOf(all, 'patches', file).map((entry) => toPatch(entry, file)),
    ],
    latePatches: listOf(all, 'patchesJson6902', file).map((entry) => toPatch(entry, file)),
    all,
  };
}

/** Throws `CONTENT_INVALID` where a member is no text: `newTag: 1.10` without quotes is a number, and kustomize refuses it too. */
export function toOverride(entry: Value, file: string): ImageOverride {
  const name = textAt(entry, 'name');
  if (name === undefined) throw refused(file, 'an entry of "images" has no name');
  const members = ['newName', 'newTag', 'digest', 'tagSuffix'].flatMap((member) => {
    const value = field(entry, member);
    if (value === undefined || value === null || value === '') return [];
    if (typeof value !== 'string')
      throw refused(
        file,
        `"${member}" of the image ${name} is not text`,
        'put it in quotes: kustomize refuses it as it is',
      );
    return [[member, value]];
  });
  return { name, ...Object.fromEntries(members) };
}

function toPatch(entry: Value, file: string): PatchEntry {
  const path = textAt(entry, 'path');
  const patch = textAt(entry, 'patch');
  if ((path === undefined) === (patch === undefined))
    throw refused(file, 'a patch has either "path" or "patch"');
  const target = field(entry, 'target');
  return {
    text: path ?? patch ?? '',
    as: path === undefined ? 'inline' : 'file',
    ...(isFields(target) && { target }),
    options: fieldsAt(entry, 'options'),
  };
}

export function texts(all: Value, member: string, file: string): string[] {
  return listOf(all, member, file).map((entry) => {
    if (typeof entry !== 'string' || entry === '')
      throw refused(file, `"${member}" has an entry that is not text`);
    return entry;
  });
}

const MOST_ENTRIES = 10_000;

function listOf(all: Value, member: string, file: string): readonly Value[] {
  const value = field(all, member);
  if (value === undefined || value === null) return [];
  if (!isList(value)) throw refused(file, `"${member}" is not a list`);
  if (value.length > MOST_ENTRIES) throw refused(file, `"${member}" has more than ${MOST_ENTRIES} entries`);
  return listAt(all, member);
}
