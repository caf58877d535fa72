import { GapferryError, printable } from '@gapferry/core';
import type { ChartRequirement } from '../chart-metadata.ts';

/** A chart that another chart needs and does not bring along. */
export interface ChartDependency {
  readonly name: string;
  /** Exact where Chart.lock says so, otherwise as Chart.yaml has it: a range. */
  readonly version: string;
  readonly place: DependencyPlace;
  /** `name version` of the charts that lead to it, the outermost first. */
  readonly chain: readonly string[];
}

export type DependencyPlace =
  /** A classic repository: base URL without trailing slash. */
  | { readonly kind: 'repository'; readonly url: string }
  /** `host/path`, the chart's name last. */
  | { readonly kind: 'oci'; readonly ref: string }
  /** Directories, each relative to the one before, the first to the directory of the outermost chart; or absolute. */
  | { readonly kind: 'local'; readonly path: readonly string[] };

/** Where a requirement is to be fetched. `within`: the `file://` directories that lead to the chart which states it; undefined where it was not taken from a directory.
 *  Throws `CONTENT_INVALID` for what only its packager could fetch. */
export function placeOf(
  { name: chart, version, repository }: ChartRequirement,
  within: readonly string[] | undefined,
  chain: readonly string[],
): DependencyPlace {
  const name = `${chart} ${version}`;
  const refuse = (why: string, hint: string): GapferryError =>
    dependencyError({ name, chain, why: `its repository "${repository.slice(0, 300)}" ${why}`, hint });
  if (repository === '')
    throw dependencyError({
      name,
      chain,
      why: 'it is neither in charts/ nor does Chart.yaml name a repository for it',
      hint: 'the chart was packed without it; tell its owner',
    });
  if (/^@|^alias:/.test(repository))
    throw refuse(
      'is a name on the machine of whoever packed the chart',
      'the chart must name the URL, or bring its dependencies along (helm dependency build)',
    );
  const local = /^file:\/\/(.*)$/s.exec(repository)?.[1];
  if (local !== undefined) {
    if (within !== undefined && local !== '') return { kind: 'local', path: [...within, local] };
    throw refuse('lies on the machine of whoever packed the chart', 'the chart must bring it along');
  }
  const url = URL.parse(repository);
  if (url === null || url.username !== '' || url.password !== '')
    throw refuse('is no address without credentials', 'tell the owner of the chart');
  if (url.protocol === 'oci:')
    return { kind: 'oci', ref: `${repository.slice('oci://'.length).replace(/\/+$/, '')}/${chart}` };
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refuse(`has the scheme ${url.protocol}, which is not offered`, 'the chart must bring it along');
  return { kind: 'repository', url: repository.replace(/\/+$/, '') };
}

/** `redis ^18 ← db 2.0.0 ← app 1.0.0`: the innermost first. */
export function describeChain(name: string, chain: readonly string[]): string {
  return printable([...chain, name].reverse().join(' ← ').slice(0, 2000));
}

export function dependencyError(trouble: {
  readonly name: string;
  readonly chain: readonly string[];
  readonly why: string;
  readonly hint: string;
  readonly code?: 'CONTENT_INVALID' | 'LIMIT_EXCEEDED';
}): GapferryError {
  const { name, chain, why, hint, code = 'CONTENT_INVALID' } = trouble;
  const path = describeChain(name, chain);
  return new GapferryError({
    code,
    origin: 'source',
    message: printable(`the dependency ${path} cannot be had: ${why}`),
    hint,
    data: { chain: [...chain, name] },
  });
}
