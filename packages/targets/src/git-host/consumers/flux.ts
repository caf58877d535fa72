import { distinctNames, GIT_CONSUMER_MARK, type InsideRepository, quoted } from './inside-repository.ts';

/** For Flux: a GitRepository for each, pinned to the commit that was loaded (fluxcd.io, source.toolkit.fluxcd.io/v1). */
export function fluxManifests(repositories: readonly InsideRepository[]): string {
  const names = distinctNames(repositories);
  return `${GIT_CONSUMER_MARK}\n${repositories.map((one, i) => sourceOf(names[i] ?? 'repository', one)).join('---\n')}`;
}

function sourceOf(name: string, { url, upstream, branch, commit }: InsideRepository): string {
  return `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: ${quoted(name)}
  namespace: flux-system
  annotations:
    gapferry.dev/upstream: ${quoted(upstream)}
spec:
  interval: 10m
  url: ${quoted(url)}
  ref:
    branch: ${quoted(branch)}
    # As it was imported: leave it out to follow the branch.
    commit: ${quoted(commit)}
  # For a private repository: secretRef: {name: …}
`;
}
