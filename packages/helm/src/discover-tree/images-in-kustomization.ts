import type { ImageFinding } from '@gapferry/core';
import { buildKustomization } from './build-kustomization.ts';
import type { FileTree } from './file-tree.ts';
import { imagesOfBuild } from './images-of-build.ts';
import { Reading } from './reading.ts';

/** The images of one kustomization, as `kustomize build DIRECTORY` would make them. Throws `CONTENT_INVALID` for what kustomize would not build, a cycle, a path that leaves the tree, and `LIMIT_EXCEEDED`. */
export function imagesInKustomization(tree: FileTree, directory: string): ImageFinding[] {
  return imagesOfBuild(buildKustomization(new Reading(tree), directory));
}
