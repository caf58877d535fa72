/** Where GitLab's API gives what a URL of a project stands for; undefined where it does not. Pages want a session, the API takes a token.
 *  Jobs API ("Download a single artifact file from specific job", "… from specific tag or branch", "Get job artifacts"), "Download an uploaded file", generic packages.
 *  `api`: `…/api/v4/projects/ID`; `own`: the path of the project's page; `url`: at the same host. */
export function gitlabApiUrl(api: string, own: string, url: string): string | undefined {
  const { pathname, search } = new URL(url);
  if (pathname.startsWith(new URL(api).pathname.replace(/\/projects\/[^/]*$/, '/'))) return url;
  const [, upload] = /^\/-\/project\/[0-9]+\/(uploads\/[^/]+\/[^/]+)$/.exec(pathname) ?? [];
  if (upload !== undefined) return `${api}/${upload}`;
  if (!pathname.startsWith(`${own}/`)) return undefined;
  const path = pathname.slice(own.length);
  for (const [form, there] of FORMS)
    if (form.test(path)) return `${api}${path.replace(form, there)}${search}`;
  return undefined;
}

const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^\/-\/jobs\/([0-9]+)\/artifacts\/(?:raw|file)\/(.+)$/, '/jobs/$1/artifacts/$2'],
  [/^\/-\/jobs\/([0-9]+)\/artifacts\/download$/, '/jobs/$1/artifacts'],
  [/^\/-\/jobs\/artifacts\/([^/]+)\/(?:raw|file)\/(.+)$/, '/jobs/artifacts/$1/raw/$2'],
  [/^\/-\/jobs\/artifacts\/([^/]+)\/download$/, '/jobs/artifacts/$1/download'],
  [/^\/uploads\/([^/]+\/[^/]+)$/, '/uploads/$1'],
];
