import type { GitRevision } from '@gapferry/core';

/** What a resource or component names outside the tree. */
export type RemoteBase =
  | { readonly kind: 'git'; readonly url: string; readonly revision?: GitRevision; readonly path?: string }
  | { readonly kind: 'file'; readonly url: string };

const SCHEME = /^(?:git::)?(?:https?|ssh|file):\/\//i;
const SCP = /^(?:git::)?[\w.-]+@[\w.-]+[:/]/;
const GITHUB = /^(?:git::)?(?:www\.)?github\.com[/:]/i;

/** Takes an address apart as kustomize does (`git.NewRepoSpecFromURL`): `https://host/org/repo//path?ref=v1`, `git@host:org/repo.git/path`, `github.com/org/repo/path`.
 *  Undefined for what is a path. Kustomize asks the network whether an address is a file; here the end of its path decides. */
export function remoteBaseOf(text: string): RemoteBase | undefined {
  if (!SCHEME.test(text) && !SCP.test(text) && !GITHUB.test(text)) return undefined;
  const [address = '', query = ''] = splitOnce(text.replace(/^git::/i, ''), '?');
  if (/^https?:/i.test(address) && isFile(address, query)) return { kind: 'file', url: text };
  const { host, rest } = splitHost(address);
  const { repository, path } = splitRepository(rest, /^file:/i.test(host));
  const parameters = new URLSearchParams(query);
  const ref = parameters.get('ref') || parameters.get('version');
  const inside = path.replace(/^\/+|\/+$/g, '');
  return {
    kind: 'git',
    url: `${host}${repository}`,
    ...(ref && { revision: { as: 'name', text: ref } }),
    ...(inside !== '' && { path: inside }),
  };
}

function isFile(address: string, query: string): boolean {
  const path = address.slice(address.indexOf('://') + 3);
  return (
    /\.(?:ya?ml|json)$/i.test(path) &&
    !path.includes('//') &&
    !/\.git(?:\/|$)|_git\//.test(path) &&
    !/(?:^|&)ref=/.test(query)
  );
}

function splitHost(address: string): { host: string; rest: string } {
  if (GITHUB.test(address)) return { host: 'https://github.com/', rest: address.replace(GITHUB, '') };
  const scheme = /^[a-z]+:\/\//i.exec(address)?.[0] ?? '';
  if (/^file:/i.test(scheme)) return { host: scheme, rest: address.slice(scheme.length) };
  const end = address.slice(scheme.length).search(scheme === '' ? /[:/]/ : /\//);
  const cut = end < 0 ? address.length : scheme.length + end + 1;
  return { host: address.slice(0, cut), rest: address.slice(cut) };
}

function splitRepository(rest: string, isLocal: boolean): { repository: string; path: string } {
  const azure = /^(.*?_git\/[^/]*)(.*)$/.exec(rest);
  if (azure) return { repository: azure[1] ?? '', path: azure[2] ?? '' };
  if (rest.includes('//'))
    return { repository: rest.slice(0, rest.indexOf('//')), path: rest.slice(rest.indexOf('//')) };
  const suffix = rest.indexOf('.git');
  if (suffix >= 0) return { repository: rest.slice(0, suffix + 4), path: rest.slice(suffix + 4) };
  if (isLocal) return { repository: rest, path: '' };
  const [owner = '', name = '', ...path] = rest.split('/');
  return { repository: name === '' ? owner : `${owner}/${name}`, path: path.join('/') };
}

function splitOnce(text: string, mark: string): string[] {
  const index = text.indexOf(mark);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + mark.length)];
}
