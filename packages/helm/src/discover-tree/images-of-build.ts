import type { Confidence, ImageFinding } from '@gapferry/core';
import { imagesInManifests } from '../discover/images-in-manifests.ts';
import type { BuiltKustomization } from './built-kustomization.ts';
import type { Fields } from './fields.ts';
import type { LocatedObject } from './located-object.ts';

/** Images of what a kustomization builds. One that a kustomization wrote has that file as its place, and the method `kustomization`.
 *  Where charts and remote bases are part of it, what patches and `images:` say about them is there with less confidence. */
export function imagesOfBuild(built: BuiltKustomization): ImageFinding[] {
  const sure = built.resources.flatMap(({ object, file, written }) =>
    imagesOfObject({ object, file }).map((finding): ImageFinding => {
      const writer = written.get(finding.reference);
      if (writer === undefined) return finding;
      return { ...finding, method: 'kustomization', place: { ...finding.place, file: writer } };
    }),
  );
  const patched = built.loose.flatMap(({ patch, file }) =>
    imagesOfObject({ object: patch, file }).map(kustomized('likely')),
  );
  const overridden = built.overrides.map(
    ({ reference, place }): ImageFinding => ({
      reference,
      method: 'kustomization',
      confidence: 'possible',
      place,
    }),
  );
  return [...sure, ...patched, ...overridden];
}

function kustomized(atMost: Confidence): (finding: ImageFinding) => ImageFinding {
  return (finding) => ({
    ...finding,
    method: 'kustomization',
    confidence: finding.confidence === 'possible' ? 'possible' : atMost,
  });
}

export function imagesOfObject({ object, file }: LocatedObject): ImageFinding[] {
  return imagesInManifests(yamlOf(object), { file });
}

/** JSON is YAML, and leaves nothing to be read in two ways. */
function yamlOf(object: Fields): string {
  return JSON.stringify(object);
}
