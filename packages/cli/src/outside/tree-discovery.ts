import type {
  CommitTree,
  FindingPlace,
  ImageFinding,
  ReferenceFinding,
  TreeDiscovery,
  TreeFault,
  TreeFindings,
  TreeReader,
} from '@gapferry/core';

/** Finds what the files of pinned commits name. Where pinned refs lead to several trees, places say which: `v1.0:overlays/prod/kustomization.yaml`. */
export function treeDiscovery(reader: TreeReader): TreeDiscovery {
  return {
    discover: async (pin, run) => {
      const { discoverTree, treeOfFiles } = await import('@gapferry/helm');
      const found: TreeFindings[] = [];
      const names: string[] = [];
      for await (const tree of reader.readTrees(pin, run)) {
        const identity = { urls: [pin.url], revisions: [...tree.refs, ...tree.commits] };
        const { images, references, problems } = discoverTree(treeOfFiles(tree.files), { identity });
        found.push({ images, references, problems: [...leftOut(tree), ...problems] });
        names.push(shortName(tree));
      }
      const several = found.length > 1;
      return joined(found.map((one, i) => (several ? placed(one, names[i] ?? '') : one)));
    },
  };
}

function leftOut(tree: CommitTree): TreeFault[] {
  return tree.leftOut.map(({ path, reason }) => ({
    place: { file: path, path: '' },
    message: `not looked at: ${reason}`,
  }));
}

function shortName({ refs }: CommitTree): string {
  return (refs[0] ?? '').replace(/^refs\/(?:heads|tags)\//, '');
}

function placed({ images, references, problems }: TreeFindings, name: string): TreeFindings {
  const at = <T extends { readonly place: FindingPlace }>(found: T): T => ({
    ...found,
    place: { ...found.place, file: `${name}:${found.place.file}` },
  });
  return { images: images.map(at), references: references.map(at), problems: problems.map(at) };
}

function joined(found: readonly TreeFindings[]): TreeFindings {
  const references = found.flatMap((one) => one.references);
  return {
    images: [...found.flatMap(({ images }) => images), ...references.flatMap(toImage)],
    references,
    problems: found.flatMap(({ problems }) => problems),
  };
}

/** An image that an object names which starts nothing: whether it is one is upstream's to say. Without tag and digest it is a repository that is watched. */
function toImage(reference: ReferenceFinding): ImageFinding[] {
  if (reference.kind !== 'image' || reference.confidence === 'possible') return [];
  if (!/@sha256:|:[^/]+$/.test(reference.reference)) return [];
  return [
    {
      reference: reference.reference,
      method: 'custom-resource',
      confidence: 'likely',
      place: reference.place,
    },
  ];
}
