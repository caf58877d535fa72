import {
  type Load,
  type OciContent,
  type OciTag,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import type { RegistryTarget } from '../registry/registry-target.ts';
import { toOci } from '../registry/to-oci.ts';
import type { RegistryHost } from './registry-host.ts';

/** What a release would load into one place. */
export interface PlaceNeed {
  readonly place: string;
  readonly contents: readonly OciContent[];
  readonly names: readonly OciTag[];
  /** Paths of its repositories, sorted. */
  readonly paths: readonly string[];
}

/** What is known of a survey of a registry host. */
export interface HostSurvey extends Pick<RegistryHost, 'product' | 'placeOf' | 'nameProblem'> {
  /** The target's name in the site file. */
  readonly target: string;
  readonly registry: RegistryTarget;
  /** What the last survey was about. */
  readonly surveyed: readonly Load[];
  /** The path of an upstream repository. Throws `NAME_UNSAFE`. */
  pathOf(repository: string): string;
}

/** By place, sorted; without repositories whose names the host does not take. */
export function placeNeeds(survey: HostSurvey, wanted: readonly Load[]): readonly PlaceNeed[] {
  const named = wanted
    .map((load) => toOci(load, survey.product, survey.target))
    .map((load) => ({ load, path: survey.pathOf(load.repository) }))
    .filter(({ path }) => survey.nameProblem(path) === undefined);
  return [...Map.groupBy(named, ({ path }) => survey.placeOf(path))]
    .map(([place, own]) => ({
      place,
      paths: [...new Set(own.map(({ path }) => path))].sort(),
      contents: own.flatMap(({ load }) => (load.phase === 'content' ? [load] : [])),
      names: own.flatMap(({ load }) => (load.phase === 'name' ? [load] : [])),
    }))
    .sort((a, b) => (a.place < b.place ? -1 : 1));
}

/** Names that the host does not take, each once, in words. */
export function nameProblems(
  { product, target, pathOf, nameProblem }: HostSurvey,
  wanted: readonly Load[],
): ReadonlyArray<{ readonly on: string; readonly problem: string }> {
  const paths = new Set(wanted.map((load) => pathOf(toOci(load, product, target).repository)));
  const found = [...paths].flatMap((path) => {
    const problem = nameProblem(path);
    return problem === undefined ? [] : [{ on: path, problem }];
  });
  return [...new Map(found.map((each) => [each.problem, each])).values()];
}

/** Bytes that would come into what shares a quota: each blob and manifest once, without what another repository of the release has there already. `isWithin`: does a path count against the quota? */
export function missingBytes(
  survey: HostSurvey,
  contents: readonly OciContent[],
  isWithin: (path: string) => boolean,
): number {
  const missing = uniqueByDigest(contents.flatMap((load) => survey.registry.missingOf(load) ?? load.blobs));
  const there = new Set(thereIn(survey, isWithin).map(({ digest }) => digest));
  return totalSize(missing.filter(({ digest }) => !there.has(digest)));
}

function thereIn(
  { surveyed, pathOf, registry }: HostSurvey,
  isWithin: (path: string) => boolean,
): readonly SizedDigest[] {
  return surveyed
    .filter((load): load is OciContent => load.kind === 'oci' && load.phase === 'content')
    .filter(({ repository }) => isWithin(pathOf(repository)))
    .flatMap((load) => {
      const missing = registry.missingOf(load);
      if (missing === undefined) return [];
      const digests = new Set(missing.map(({ digest }) => digest));
      return load.blobs.filter(({ digest }) => !digests.has(digest));
    });
}

/** Some of many, for a message: `a, b, c and 4 more`. */
export function someOf(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
}
