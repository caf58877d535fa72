import type { ImageOverride, ReferenceFinding } from '@gapferry/core';
import { applyPatches, type UnappliedPatch } from './apply-patches.ts';
import type { BuiltKustomization, LooseOverride } from './built-kustomization.ts';
import { field, listAt, textAt } from './fields.ts';
import { pathFrom, pathInTree } from './file-tree.ts';
import { type ImageField, imageRules, joinImage, overrideImages } from './image-overrides.ts';
import type { Kustomization } from './kustomization.ts';
import { texts } from './kustomization.ts';
import { readValues } from './read-objects.ts';
import type { Reading } from './reading.ts';
import { refused } from './refusals.ts';
import { renameResources } from './rename-resources.ts';
import { applyReplacements } from './replacements.ts';
import { changed, type Resource } from './resource.ts';
import { noteWritten } from './written-texts.ts';

/** One kustomization's changes to what it has, in kustomize's order: patches, names, `patchesJson6902`, images, replacements. Where objects come from charts or remote bases, or the
 *  kustomization is a component on its own (`isAlone`), patches may miss their objects; otherwise that throws `CONTENT_INVALID`. */
export function transformKustomization(
  reading: Reading,
  kustomization: Kustomization,
  before: BuiltKustomization,
  isAlone: boolean,
): BuiltKustomization {
  const { file } = kustomization;
  const isPartial = isAlone || before.references.length > 0;
  const early = applyPatches(reading, kustomization, kustomization.patches, before.resources);
  const renamed = renameResources(kustomization, early.resources);
  const late = applyPatches(reading, kustomization, kustomization.latePatches, renamed);
  const loose = [...early.loose, ...late.loose];
  const missing = loose.find(({ isRequired }) => isRequired)?.patch;
  if (missing !== undefined && !isPartial)
    throw refused(
      file,
      `it patches ${String(missing['kind'])}/${textAt(missing, 'metadata', 'name')}, which it does not have`,
    );
  const changes = before.references.length > 0 && mayChangeImages(reading, kustomization, loose);
  const imaged = withImages(reading, kustomization, late.resources);
  const replaced = applyReplacements(reading, kustomization, imaged, isPartial);
  useFiles(reading, kustomization);
  return {
    directories: before.directories,
    resources: noteWritten(before.resources, replaced, file),
    references: before.references.map((reference) => withOverrides(reference, kustomization, changes)),
    loose: isPartial ? [...before.loose, ...loose.map(({ patch }) => ({ patch, file }))] : before.loose,
    overrides: isPartial ? [...before.overrides, ...looseOverrides(kustomization)] : before.overrides,
    notFollowed: [...before.notFollowed, ...notFollowed(kustomization)],
  };
}

function withImages(
  reading: Reading,
  kustomization: Kustomization,
  resources: readonly Resource[],
): Resource[] {
  const { images, file } = kustomization;
  const rules = imageRules(images, imageFields(reading, kustomization), file);
  return resources.map((resource) => {
    reading.count(images.length === 0 ? 0 : resource.weight, file);
    return changed(
      resource,
      overrideImages(resource.object, rules, () => reading.count(20, file)),
    );
  });
}

/** `configurations:` tell where else images are. */
function imageFields(reading: Reading, { all, directory, file }: Kustomization): ImageField[] {
  return texts(all, 'configurations', file).flatMap((path) => {
    const found = pathInTree(directory, path, file);
    const bytes = reading.read(found);
    if (bytes === undefined)
      throw refused(file, `it names ${path}, which is not in the tree`, 'links are not followed');
    const specs = readValues(bytes, found).flatMap((configuration) => listAt(configuration, 'images'));
    return specs.flatMap((spec) => {
      const place = textAt(spec, 'path');
      const selection = ['group', 'version', 'kind'].flatMap((key) => {
        const value = textAt(spec, key);
        return value === undefined ? [] : [[key, value]];
      });
      return place === undefined ? [] : [{ path: place, ...Object.fromEntries(selection) }];
    });
  });
}

/** Whether a patch that names an image may be one of what is not built here: it selects by a target, or its object is not among the resources. */
function mayChangeImages(
  reading: Reading,
  { directory, patches, latePatches }: Kustomization,
  loose: readonly UnappliedPatch[],
): boolean {
  if (loose.some(({ patch }) => /image/i.test(JSON.stringify(patch)))) return true;
  return [...patches, ...latePatches].some(({ text, as, target }) => {
    if (target === undefined) return false;
    const path = as === 'inline' || text.includes('\n') ? undefined : pathFrom(directory, text);
    const bytes = path === undefined ? undefined : reading.tree.read(path);
    return /image/i.test(bytes === undefined ? text : new TextDecoder().decode(bytes));
  });
}

/** What kustomizations say about a chart or another repository that is a part of them. */
function withOverrides(
  reference: ReferenceFinding,
  { images, all, file }: Kustomization,
  isPatched: boolean,
): ReferenceFinding {
  if (reference.kind !== 'chart' && reference.kind !== 'git') return reference;
  const overrides = [...(reference.images ?? []), ...images];
  const namespace = textAt(all, 'namespace');
  return {
    ...reference,
    ...(overrides.length > 0 && { images: overrides }),
    ...(isPatched && {
      confidence: reference.confidence === 'certain' ? 'likely' : reference.confidence,
      open: [...(reference.open ?? []), `patches of ${file} may change its images`],
    }),
    ...(reference.kind === 'chart' &&
      reference.namespace === undefined &&
      namespace !== undefined && { namespace }),
  };
}

function looseOverrides({ images, file }: Kustomization): LooseOverride[] {
  return images.flatMap((override, index) => {
    const reference = imageOf(override);
    return reference === undefined ? [] : [{ reference, place: { file, path: `images[${index}]` } }];
  });
}

/** The image that an override makes of the name alone. */
export function imageOf({
  name,
  newName = name,
  newTag = '',
  digest = '',
}: ImageOverride): string | undefined {
  return (newTag === '' && digest === '') || /[^\w./:-]/.test(newName)
    ? undefined
    : joinImage(newName, newTag, digest);
}

const NOT_FOLLOWED = {
  vars: 'its "vars" are not resolved',
  generators: 'its "generators" are not run',
  transformers: 'its "transformers" are not run',
};

function notFollowed({ all, file }: Kustomization): { file: string; message: string }[] {
  return Object.entries(NOT_FOLLOWED)
    .filter(([member]) => listAt(all, member).length > 0)
    .map(([, why]) => ({ file, message: `${why}; they may write image names` }));
}

/** Files that are part of a kustomization without bringing objects. */
function useFiles(reading: Reading, { all, directory }: Kustomization): void {
  for (const member of ['crds', 'configurations', 'validators', 'generators', 'transformers'])
    for (const path of listAt(all, member)) if (typeof path === 'string') use(reading, directory, path);
  const schema = field(all, 'openapi', 'path');
  if (typeof schema === 'string') use(reading, directory, schema);
}

function use(reading: Reading, directory: string, path: string): void {
  const found = path.includes('\n') ? undefined : pathFrom(directory, path);
  if (found !== undefined) reading.used.add(found);
}
