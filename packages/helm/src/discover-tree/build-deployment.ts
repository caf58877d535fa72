import { buildKustomization } from './build-kustomization.ts';
import type { BuiltKustomization } from './built-kustomization.ts';
import { directoryOf, isBelow } from './file-tree.ts';
import { kustomizationFileIn } from './kustomization.ts';
import type { Deployment } from './located-object.ts';
import type { Reading } from './reading.ts';

/** What makes one deployment of a directory differ from another. */
export function deploymentKey({ overlay }: Deployment): string {
  return JSON.stringify([overlay.images, overlay.patches, overlay.components]);
}

/** Builds a directory as Argo CD or Flux would. Undefined where it has no kustomization and nothing is changed: its manifests are looked at as they lie. */
export function buildDeployment(
  reading: Reading,
  { directory, overlay, isGenerated }: Deployment,
  files: readonly string[],
): BuiltKustomization | undefined {
  if (kustomizationFileIn(reading.tree, directory) !== undefined)
    return buildKustomization(reading, directory, overlay);
  if (!isGenerated || deploymentKey({ directory, overlay, isGenerated }) === NOTHING_CHANGED)
    return undefined;
  return buildKustomization(reading, directory, overlay, generatedResources(reading, directory, files));
}

const NOTHING_CHANGED = JSON.stringify([[], [], []]);

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
