/** Scopes of the distribution token specification: `repository:team/app:pull,push`, several separated by spaces. */

/** The repository whose credentials a request with this scope needs: the one that is written to, otherwise the first. */
export function repositoryOf(scope: string | undefined): string | undefined {
  const repositories = partsOf(scope).filter(({ resource }) => /^repository(?:\([^)]*\))?:/.test(resource));
  const chosen =
    repositories.find(({ actions }) => actions.includes('push') || actions.includes('*')) ?? repositories[0];
  return chosen?.resource.replace(/^[^:]*:/, '');
}

/** Everything that both ask for, one part per resource: what the server names alone may not be enough for what comes next (a mount reads from another repository). */
export function joinScopes(named: string | undefined, wanted: string | undefined): string[] {
  const byResource = new Map<string, Set<string>>();
  for (const { resource, actions } of [...partsOf(named), ...partsOf(wanted)]) {
    const known = byResource.get(resource) ?? new Set();
    for (const action of actions) known.add(action);
    byResource.set(resource, known);
  }
  return [...byResource].map(([resource, actions]) =>
    actions.size === 0 ? resource : `${resource}:${[...actions].join(',')}`,
  );
}

/** The actions stand after the last colon; a name may have a port in it. What has no colon at all is kept as it is. */
function partsOf(scope: string | undefined): Array<{ resource: string; actions: string[] }> {
  const parts = (scope ?? '').split(' ').filter((part) => part !== '');
  return parts.map((part) => {
    const colon = part.lastIndexOf(':');
    if (colon < 0) return { resource: part, actions: [] };
    return { resource: part.slice(0, colon), actions: part.slice(colon + 1).split(',') };
  });
}
