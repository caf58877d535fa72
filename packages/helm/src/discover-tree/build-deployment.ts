import type { ImageOverride } from '@gapferry/core';
import { buildKustomization } from './build-kustomization.ts';
import type { BuiltKustomization } from './built-kustomization.ts';
import { directoryOf, isBelow } from './file-tree.ts';
import { isInChart } from './find-charts.ts';
import { kustomizationFileIn, kustomizationOf } from './kustomization.ts';
import type { Deployment } from './located-object.ts';
import { readObjects } from './read-objects.ts';
import { type Reading, weigh } from './reading.ts';
import { newResource, type Resource } from './resource.ts';
import { transformKustomization } from './transform-kustomization.ts';

/** The tree that directories are deployed of. */
export interface DeployedTree {
  readonly reading: Reading;
  readonly files: readonly string[];
  readonly charts: ReadonlySet<string>;
  /** Whether plain manifests are looked at anyway, as they lie. */
  readonly isWhole: boolean;
  /** Takes what is wrong with one file. */
  attempt<T>(file: string, read: () => T): T | undefined;
}

/** What makes one deployment of a directory differ from another. */
export function deploymentKey({ overlay, manifests, around = [] }: Deployment): string {
  return JSON.stringify([overlay.images, overlay.patches, overlay.components, manifests, around]);
}

/** Builds a directory as kustomize, Argo CD or Flux would. Undefined where it has no kustomization and nothing is changed, and its manifests are looked at as they lie. */
export function buildDeployment(deployment: Deployment, tree: DeployedTree): BuiltKustomization | undefined {
  const { directory, overlay, manifests, around = [] } = deployment;
  const { reading, files, isWhole } = tree;
  const file = kustomizationFileIn(reading.tree, directory);
  if (file !== undefined)
    return withImagesAround(reading, buildKustomization(reading, directory, overlay), around, file);
  if (manifests === 'generated')
    return isWhole && isUnchanged(deployment)
      ? undefined
      : buildKustomization(reading, directory, overlay, generatedResources(reading, directory, files));
  return isWhole || manifests === undefined ? undefined : plainManifests(directory, manifests, tree);
}

function isUnchanged({ overlay: { images, patches, components } }: Deployment): boolean {
  return images.length + patches.length + components.length === 0;
}

/** `images:` of kustomizations that use this one as a base: each sees what the one before wrote. */
function withImagesAround(
  reading: Reading,
  built: BuiltKustomization,
  around: readonly ImageOverride[],
  file: string,
): BuiltKustomization {
  if (around.length === 0) return built;
  const images = around.map((override) => ({ ...override }));
  const after = transformKustomization(reading, kustomizationOf({ images }, file), built, false);
  return { ...after, overrides: built.overrides };
}

/** The resources of the kustomization that Flux generates: every manifest below, and directories that have a kustomization as a whole. */
function generatedResources(reading: Reading, directory: string, files: readonly string[]): string[] {
  reading.count(files.length, directory);
  const below = files.filter((file) => isBelow(file, directory) && /\.ya?ml$/i.test(file));
  const resources = new Set<string>();
  for (const file of below)
    resources.add(nearestKustomization(reading, directoryOf(file), directory) ?? file);
  const prefix = directory === '' ? 0 : directory.length + 1;
  return [...resources].map((path) => path.slice(prefix));
}

function nearestKustomization(reading: Reading, from: string, directory: string): string | undefined {
  let outermost: string | undefined;
  for (let at = from; at !== directory && at !== ''; at = directoryOf(at))
    if (kustomizationFileIn(reading.tree, at) !== undefined) outermost = at;
  return outermost;
}

/** Manifests as they lie, without those of charts. */
function plainManifests(
  directory: string,
  manifests: 'here' | 'below',
  { reading, files, charts, attempt }: DeployedTree,
): BuiltKustomization {
  reading.count(files.length, directory);
  const resources: Resource[] = [];
  for (const file of files) {
    const isHere = manifests === 'here' ? directoryOf(file) === directory : isBelow(file, directory);
    if (!isHere || !/\.(?:ya?ml|json)$/i.test(file) || isInChart(charts, file)) continue;
    const objects = attempt(file, () => readObjects(reading.read(file) ?? new Uint8Array(), file)) ?? [];
    for (const object of objects) resources.push(newResource(object, file, weigh(object)));
  }
  return { directories: [], resources, references: [], loose: [], overrides: [], notFollowed: [] };
}
