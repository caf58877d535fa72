import { GapferryError, printable } from '@gapferry/core';

/** Where GitLab's API gives what a URL of a project stands for; undefined where it does not. Pages want a session, the API takes a token.
 *  Jobs API ("Download a single artifact file from specific job", "… from specific tag or branch", "Get job artifacts"), "Download an uploaded file", generic packages.
 *  `api`: `…/api/v4/projects/ID`; `own`: the path of the project's page; `url`: at the same host. */
export function gitlabApiUrl(api: string, own: string, url: string): string | undefined {
  const { pathname, search } = new URL(url);
  const root = new URL(api).pathname.replace(/\/projects\/[^/]*$/, '/');
  if (pathname.startsWith(root)) return requireFile(url, pathname.slice(root.length));
  const [, upload] = /^\/-\/project\/[0-9]+\/(uploads\/[^/]+\/[^/]+)$/.exec(pathname) ?? [];
  if (upload !== undefined) return `${api}/${upload}`;
  if (!pathname.startsWith(`${own}/`)) return undefined;
  const path = pathname.slice(own.length);
  for (const [form, there] of FORMS)
    if (form.test(path)) return `${api}${path.replace(form, there)}${search}`;
  return undefined;
}

/** Whoever writes the links of a release does not have the token: what else its owner may read, as variables and files of other projects, is none of the release.
 *  Throws `PROTOCOL_VIOLATION`. */
function requireFile(url: string, path: string): string {
  if (/^projects\/[^/]+\/(?:packages|uploads|releases|jobs\/(?:\d+\/)?artifacts)(?:\/|$)/.test(path))
    return url;
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: printable(
      `an asset leads to ${path.slice(0, 200)} in the API of ${new URL(url).host}, which is no file of a release`,
    ),
    hint: 'find out who wrote the links of this release',
    origin: 'source',
  });
}

const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^\/-\/jobs\/([0-9]+)\/artifacts\/(?:raw|file)\/(.+)$/, '/jobs/$1/artifacts/$2'],
  [/^\/-\/jobs\/([0-9]+)\/artifacts\/download$/, '/jobs/$1/artifacts'],
  [/^\/-\/jobs\/artifacts\/([^/]+)\/(?:raw|file)\/(.+)$/, '/jobs/artifacts/$1/raw/$2'],
  [/^\/-\/jobs\/artifacts\/([^/]+)\/download$/, '/jobs/artifacts/$1/download'],
  [/^\/uploads\/([^/]+\/[^/]+)$/, '/uploads/$1'],
];
