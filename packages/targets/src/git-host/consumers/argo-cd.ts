import { distinctNames, GIT_CONSUMER_MARK, type InsideRepository, quoted } from './inside-repository.ts';

/** For Argo CD: each repository as a declarative repository (a Secret without credentials), and an Application that is pinned to the commit that was loaded
 *  (argo-cd.readthedocs.io, declarative setup). `path` and `destination` are for the operator to fill in. */
export function argoCdManifests(repositories: readonly InsideRepository[]): string {
  const names = distinctNames(repositories);
  const documents = repositories.flatMap((repository, i) => {
    const name = names[i] ?? 'repository';
    return [repositoryOf(name, repository), applicationOf(name, repository)];
  });
  return `${GIT_CONSUMER_MARK}\n${documents.join('---\n')}`;
}

function repositoryOf(name: string, { url }: InsideRepository): string {
  return `apiVersion: v1
kind: Secret
metadata:
  name: ${quoted(`repo-${name}`)}
  namespace: argocd
  labels:
    argocd.argoproj.io/secret-type: repository
stringData:
  type: git
  url: ${quoted(url)}
  # For a private repository the cluster's own read-only user: username and password.
`;
}

function applicationOf(name: string, { url, upstream, branch, commit }: InsideRepository): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${quoted(name)}
  namespace: argocd
  annotations:
    gapferry.dev/upstream: ${quoted(upstream)}
spec:
  project: default
  source:
    repoURL: ${quoted(url)}
    # ${quoted(branch)} as it was imported: write the branch to follow it.
    targetRevision: ${quoted(commit)}
    path: "."
  destination:
    server: https://kubernetes.default.svc
    namespace: default
`;
}
