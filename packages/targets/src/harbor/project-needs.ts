import {
  type Load,
  type OciContent,
  type OciTag,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import { nameProblem, projectOf } from './harbor-names.ts';
import { type HarborPlace, toOci } from './harbor-place.ts';

/** What a release would load into one project. */
export interface ProjectNeed {
  readonly project: string;
  readonly contents: readonly OciContent[];
  readonly names: readonly OciTag[];
  /** Path of one of its repositories at Harbor. */
  readonly path: string;
}

/** By project, sorted; without repositories whose names Harbor does not take. */
export function projectNeeds(place: HarborPlace, wanted: readonly Load[]): readonly ProjectNeed[] {
  const named = wanted
    .map((load) => toOci(load, place.target))
    .map((load) => ({ load, path: place.pathOf(load.repository) }))
    .filter(({ path }) => nameProblem(path) === undefined);
  return [...Map.groupBy(named, ({ path }) => projectOf(path))]
    .map(([project, own]) => ({
      project,
      path: own[0]?.path ?? '',
      contents: own.flatMap(({ load }) => (load.phase === 'content' ? [load] : [])),
      names: own.flatMap(({ load }) => (load.phase === 'name' ? [load] : [])),
    }))
    .sort((a, b) => (a.project < b.project ? -1 : 1));
}

/** Bytes that would come into the project: each blob and manifest once, as Harbor counts them, without what another repository of the release has there already. */
export function missingBytes(place: HarborPlace, { project, contents }: ProjectNeed): number {
  const missing = uniqueByDigest(contents.flatMap((load) => missingOf(place, load)));
  const there = new Set(thereIn(place, project).map(({ digest }) => digest));
  return totalSize(missing.filter(({ digest }) => !there.has(digest)));
}

function missingOf({ registry }: HarborPlace, load: OciContent): readonly SizedDigest[] {
  return registry.missingOf(load) ?? load.blobs;
}

function thereIn({ surveyed, pathOf, registry }: HarborPlace, project: string): readonly SizedDigest[] {
  return surveyed
    .filter((load): load is OciContent => load.kind === 'oci' && load.phase === 'content')
    .filter(({ repository }) => projectOf(pathOf(repository)) === project)
    .flatMap((load) => {
      const missing = registry.missingOf(load);
      if (missing === undefined) return [];
      const digests = new Set(missing.map(({ digest }) => digest));
      return load.blobs.filter(({ digest }) => !digests.has(digest));
    });
}
