import { directoryOf, type FileTree, nameOf, pathFrom } from './file-tree.ts';
import {
  KUSTOMIZATION_NAMES,
  type Kustomization,
  kustomizationFileIn,
  readKustomization,
} from './kustomization.ts';
import type { Reading } from './reading.ts';
import { remoteBaseOf } from './remote-base.ts';

export interface FoundKustomizations {
  /** Directories of kustomizations that no other one uses, sorted. */
  readonly roots: readonly string[];
  readonly rest: ReadonlyArray<{ readonly directory: string; readonly file: string }>;
}

/** Which kustomizations are built for themselves. `attempt` takes what one of them throws. */
export function findKustomizations(
  reading: Reading,
  files: readonly string[],
  attempt: (file: string, read: () => Kustomization | undefined) => Kustomization | undefined,
): FoundKustomizations {
  const names: readonly string[] = KUSTOMIZATION_NAMES;
  const found = files.filter((file) => names.includes(nameOf(file)) && isKustomization(reading.tree, file));
  const used = new Set<string>();
  const readable = found.filter((file) => {
    const kustomization = attempt(file, () => {
      kustomizationFileIn(reading.tree, directoryOf(file));
      return readKustomization(reading, file);
    });
    for (const directory of kustomization === undefined ? [] : usedBy(reading.tree, kustomization))
      used.add(directory);
    if (kustomization === undefined) reading.used.add(file);
    return kustomization !== undefined;
  });
  const all = readable.map((file) => ({ directory: directoryOf(file), file }));
  return {
    roots: all.filter(({ directory }) => !used.has(directory)).map(({ directory }) => directory),
    rest: all.filter(({ directory }) => used.has(directory)),
  };
}

/** Flux's own kind has the same name: `kustomization.yaml` with `kustomize.toolkit.fluxcd.io` is a manifest. */
function isKustomization(tree: FileTree, file: string): boolean {
  const head = new TextDecoder().decode((tree.read(file) ?? new Uint8Array()).subarray(0, 65_536));
  return !/^\s*apiVersion:\s*["']?kustomize\.toolkit\.fluxcd\.io\//m.test(head);
}

function usedBy(tree: FileTree, { directory, resources, components }: Kustomization): string[] {
  return [...resources, ...components]
    .filter((path) => remoteBaseOf(path) === undefined)
    .flatMap((path) => pathFrom(directory, path) ?? [])
    .filter((path) => tree.read(path) === undefined);
}
