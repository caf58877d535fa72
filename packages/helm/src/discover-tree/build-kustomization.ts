import type { FindingPlace, ImageOverride, ReferenceFinding } from '@gapferry/core';
import type { BuiltKustomization } from './built-kustomization.ts';
import type { Value } from './fields.ts';
import { isBelow, pathInTree } from './file-tree.ts';
import { generateConfigMaps } from './generate-config-maps.ts';
import {
  type Kustomization,
  kustomizationFileIn,
  kustomizationOf,
  readKustomization,
} from './kustomization.ts';
import { chartsOfKustomization } from './kustomize-charts.ts';
import { readObjects } from './read-objects.ts';
import { type Reading, weigh } from './reading.ts';
import { refused, tooMuch } from './refusals.ts';
import { remoteBaseOf } from './remote-base.ts';
import { isLocal, newResource } from './resource.ts';
import { transformKustomization } from './transform-kustomization.ts';

/** What Argo CD and Flux add to a kustomization from outside. */
export interface Overlay {
  readonly images: readonly ImageOverride[];
  readonly patches: readonly Value[];
  readonly components: readonly string[];
  /** Where it is said. */
  readonly place: FindingPlace;
}

const DEEPEST = 64;

/** Builds the kustomization of a directory as `kustomize build` would, for image names only: resources, bases and components, generated ConfigMaps, patches, names, `images:`, inside out.
 *  Remote bases and `helmCharts:` become references. Throws `CONTENT_INVALID` for cycles, paths that leave the tree, what is not there, and `LIMIT_EXCEEDED`.
 *  `generated`: the resources of a kustomization that is not there. */
export function buildKustomization(
  reading: Reading,
  directory: string,
  overlay?: Overlay,
  generated?: readonly string[],
): BuiltKustomization {
  reading.beginRoot();
  const root =
    generated === undefined
      ? load(reading, directory, [])
      : kustomizationOf(
          { resources: generated },
          directory === '' ? 'kustomization.yaml' : `${directory}/kustomization.yaml`,
        );
  const built = buildLoaded(reading, withOverlay(root, overlay), [], nothing());
  return { ...built, resources: built.resources.filter(({ object }) => !isLocal(object)) };
}

/** What was gathered so far: arrays of our own, which grow. */
type Gathered = { -readonly [member in keyof BuiltKustomization]: BuiltKustomization[member][number][] };

function nothing(): Gathered {
  return { directories: [], resources: [], references: [], loose: [], overrides: [], notFollowed: [] };
}

/** `given`: a component changes what its parent has so far; everything else begins with nothing. */
function build(
  reading: Reading,
  directory: string,
  stack: readonly string[],
  given: Gathered,
): BuiltKustomization {
  return buildLoaded(reading, load(reading, directory, stack), stack, given);
}

function buildLoaded(
  reading: Reading,
  kustomization: Kustomization,
  stack: readonly string[],
  given: Gathered,
): BuiltKustomization {
  const inside = [...stack, kustomization.directory];
  given.directories.push(kustomization.directory);
  for (const path of kustomization.resources) addResource(reading, kustomization, path, inside, given);
  given.references.push(...chartsOfKustomization(reading, kustomization));
  const generated = generateConfigMaps(reading, kustomization, given.resources);
  const whole = kustomization.components.reduce<BuiltKustomization>(
    (before, path) => withComponent(reading, kustomization, path, inside, before),
    { ...given, resources: generated },
  );
  // A component that nobody uses patches what is not here.
  return transformKustomization(
    reading,
    kustomization,
    whole,
    stack.length === 0 && kustomization.isComponent,
  );
}

function load(reading: Reading, directory: string, stack: readonly string[]): Kustomization {
  const user = stack.at(-1) ?? directory;
  const file = kustomizationFileIn(reading.tree, directory);
  if (file === undefined)
    throw refused(user, `there is no kustomization in "${directory}"`, 'links are not followed');
  const seen = stack.find((other) => isBelow(other, directory));
  if (seen !== undefined) throw refused(file, `a cycle: "${seen}" is built from it, and it from "${seen}"`);
  if (stack.length >= DEEPEST) throw tooMuch(file, `more than ${DEEPEST} kustomizations in each other`);
  reading.used.add(file);
  reading.countKustomization(file);
  return readKustomization(reading, file);
}

/** As `kustomize edit set image` does it: an image that is named already gets the new words. */
function withOverlay(kustomization: Kustomization, overlay: Overlay | undefined): Kustomization {
  if (overlay === undefined) return kustomization;
  const extra = kustomizationOf(
    { patches: overlay.patches, components: overlay.components },
    overlay.place.file,
  );
  const names = new Set(overlay.images.map(({ name }) => name));
  return {
    ...kustomization,
    images: [...kustomization.images.filter(({ name }) => !names.has(name)), ...overlay.images],
    patches: [...kustomization.patches, ...extra.patches],
    components: [...kustomization.components, ...extra.components],
  };
}

function addResource(
  reading: Reading,
  { directory, file }: Kustomization,
  path: string,
  stack: readonly string[],
  gathered: Gathered,
): void {
  const remote = remoteReference(path, file, 'resources');
  if (remote !== undefined) {
    gathered.references.push(remote);
    return;
  }
  const found = pathInTree(directory, path, file);
  const bytes = reading.read(found);
  if (bytes === undefined) {
    requireDirectory(reading, found, path, file);
    append(gathered, build(reading, found, stack, nothing()));
    return;
  }
  reading.used.add(found);
  for (const object of readObjects(bytes, found)) {
    const weight = weigh(object);
    reading.count(weight, found);
    gathered.resources.push(newResource(object, found, weight));
  }
}

/** Spreading into `push` would end at the stack's size. */
function append(
  gathered: Gathered,
  { directories, resources, references, loose, overrides, notFollowed }: BuiltKustomization,
): void {
  for (const directory of directories) gathered.directories.push(directory);
  for (const resource of resources) gathered.resources.push(resource);
  for (const reference of references) gathered.references.push(reference);
  for (const patch of loose) gathered.loose.push(patch);
  for (const override of overrides) gathered.overrides.push(override);
  for (const member of notFollowed) gathered.notFollowed.push(member);
}

function withComponent(
  reading: Reading,
  { directory, file }: Kustomization,
  path: string,
  stack: readonly string[],
  before: BuiltKustomization,
): BuiltKustomization {
  const gathered = nothing();
  append(gathered, before);
  const remote = remoteReference(path, file, 'components');
  if (remote !== undefined) {
    gathered.references.push(remote);
    return gathered;
  }
  const found = pathInTree(directory, path, file);
  requireDirectory(reading, found, path, file);
  return build(reading, found, stack, gathered);
}

function requireDirectory(reading: Reading, found: string, written: string, file: string): void {
  if (reading.tree.list(found).length === 0)
    throw refused(
      file,
      `it names ${written.slice(0, 200)}, which is not in the tree`,
      'links are not followed',
    );
}

function remoteReference(path: string, file: string, member: string): ReferenceFinding | undefined {
  const remote = remoteBaseOf(path);
  if (remote === undefined) return undefined;
  const reference = { ...remote, place: { file, path: member }, confidence: 'certain' as const };
  return reference.kind === 'git' ? { ...reference, path: reference.path ?? '.' } : reference;
}
