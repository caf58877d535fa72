/** What a repository is called in a release: `host[:port]/path` without `.git`, or `file/<last part>` for a file URL. `url` must be normalised. */
export function gitIdentity(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  const path = decodeURIComponent(pathname)
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .replace(/\/+$/, '');
  if (protocol !== 'file:') return `${host}/${path}`;
  return `file/${path.slice(path.lastIndexOf('/') + 1)}`;
}
