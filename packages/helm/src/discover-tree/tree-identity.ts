/** By what the tree is known to objects in it. */
export interface TreeIdentity {
  /** Addresses of the repository, in any of Git's forms. */
  readonly urls: readonly string[];
  /** The branch, tags and commit that the tree is; absent: any revision is taken for it. */
  readonly revisions?: readonly string[];
}

/** Whether an address and a revision mean the tree itself. `HEAD` and nothing are its own revision. */
export function isThisTree(
  identity: TreeIdentity | undefined,
  url: string,
  revision: string | undefined,
): boolean {
  if (identity === undefined) return false;
  const wanted = plainUrl(url);
  if (!identity.urls.some((known) => plainUrl(known) === wanted)) return false;
  if (revision === undefined || revision === 'HEAD' || identity.revisions === undefined) return true;
  const name = revision.replace(/^refs\/(?:heads|tags)\//, '');
  return identity.revisions.some((known) => known.replace(/^refs\/(?:heads|tags)\//, '') === name);
}

/** `git@host:org/repo.git`, `ssh://git@host/org/repo` and `https://user@Host/org/repo/` are one repository. */
function plainUrl(url: string): string {
  const scp = /^(?:[^@/]+@)?([^:/]+):(?!\/)(.*)$/.exec(url);
  const [, host = '', path = ''] =
    /^[a-z+]+:\/\/(?:[^@/]*@)?([^/]*)\/?(.*)$/i.exec(url) ?? (scp ? [url, scp[1], scp[2]] : [url, '', url]);
  return `${host.toLowerCase().replace(/:(?:22|80|443)$/, '')}/${path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '')}`;
}
