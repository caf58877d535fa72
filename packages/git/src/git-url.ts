import { GapferryError } from '@gapferry/core';

export { gitIdentity } from '@gapferry/core';

export type GitProtocol = 'http' | 'https' | 'ssh' | 'file';

const SCP_LIKE =
  /^(?:([A-Za-z0-9_][A-Za-z0-9._-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\]):(?!\/\/)(.+)$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Turns what somebody typed into the one URL form gapferry uses: `https://…`, `http://…`, `ssh://[user@]host[:port]/path`, `file:///path`.
 *  scp-like addresses (`git@host:team/repo.git`) become `ssh://git@host/team/repo.git`, as hosting products mean them. Nothing is stripped silently.
 *  Throws `USAGE` for transports that run programs (`ext::`), option-like text, unknown schemes, credentials, queries, fragments and control characters. */
export function normalizeGitUrl(text: string): string {
  if (/[\p{Cc} \\]/u.test(text)) throw refused(text, 'it has a space, a backslash or a control character');
  if (text.startsWith('-')) throw refused(text, 'it reads like an option');
  if (/^[A-Za-z0-9][A-Za-z0-9+.-]*::/.test(text)) throw refused(text, 'it names a transport helper');
  if (!text.includes('://')) return fromScpLike(text);
  return fromUrl(text);
}

function fromScpLike(text: string): string {
  const [, user, host = '', path = ''] = SCP_LIKE.exec(text) ?? [];
  if (path === '')
    throw refused(
      text,
      'it is not a URL',
      'write https://host/path, ssh://user@host/path, git@host:path or file:///path',
    );
  if (user === undefined && /^[^/]*@/.test(path)) throw withCredentials(text);
  return fromUrl(`ssh://${user === undefined ? '' : `${user}@`}${host}/${path.replace(/^\/+/, '')}`);
}

function fromUrl(text: string): string {
  const url = parse(text);
  requirePlainPath(url, text);
  switch (url.protocol) {
    case 'http:':
    case 'https:':
      if (url.username !== '' || url.password !== '') throw withCredentials(text);
      return url.href;
    case 'ssh:':
      return sshUrl(url, text);
    case 'file:':
      if (url.host !== '') throw refused(text, 'a file URL names no host', 'write file:///path');
      return url.href;
    default:
      throw refused(
        text,
        `the scheme "${url.protocol.slice(0, -1)}" is not offered`,
        'use https, http, ssh or file',
      );
  }
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw refused(text, 'it is not a URL');
  }
}

/** git decodes percent escapes before it uses the path, so they are judged decoded. */
function requirePlainPath(url: URL, text: string): void {
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text))
    throw refused(text, 'it has a query or a fragment');
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    throw refused(text, 'it has a broken percent escape');
  }
  if (/\p{Cc}/u.test(path)) throw refused(text, 'it has an escaped control character');
  if (path.split('/').includes('..')) throw refused(text, 'it has an escaped ".."');
  if (path.replaceAll('/', '') === '') throw refused(text, 'it has no path');
}

function sshUrl(url: URL, text: string): string {
  if (url.password !== '') throw withCredentials(text);
  const host = url.hostname.toLowerCase();
  if (!HOST.test(host)) throw refused(text, 'its host name is refused');
  if (url.username !== '' && !USER.test(url.username)) throw refused(text, 'its user name is refused');
  const user = url.username === '' ? '' : `${url.username}@`;
  const port = url.port === '' || url.port === '22' ? '' : `:${url.port}`;
  return `ssh://${user}${host}${port}${url.pathname}`;
}

/** `url` must be normalised. */
export function protocolOf(url: string): GitProtocol {
  return new URL(url).protocol.slice(0, -1) as GitProtocol;
}

function withCredentials(text: string): GapferryError {
  return refused(
    text,
    'it carries credentials',
    'leave them out of the URL; give them by environment, credentials file or git credential helper',
  );
}

function refused(
  text: string,
  why: string,
  hint = 'write https://host/path, ssh://user@host/path or file:///path',
): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `the Git URL "${text.slice(0, 300)}" is refused: ${why}`,
    hint,
  });
}
