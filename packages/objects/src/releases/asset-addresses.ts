import { GapferryError, nameInUrl, parseJson, printable, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { AddressOf } from '../places/file-places.ts';
import { gitlabApiUrl } from './gitlab-api-url.ts';
import { PAGE_LIMIT } from './read-releases.ts';
import type { RepositoryQuestion } from './release-assets.ts';

/** Where the API gives the assets of a repository's releases to those who have a token for it: web pages of GitHub and GitLab take none. Without a token, of Gitea (whose downloads take it as a password), and at other hosts, an asset is asked for at its URL.
 *  The host is asked once for each release. `repository`: its page. An address throws `SOURCE_NOT_FOUND` where the release has no such asset any more, `PROTOCOL_VIOLATION`, and what asking throws. */
export function assetAddresses(
  http: HttpClient,
  question: RepositoryQuestion,
  repository: string,
): AddressOf {
  const authorization = question.headers['authorization'];
  const known = new Map<string, Promise<readonly Loose[]>>();
  const assetsOf = (tag: string, item: string, run: Run): Promise<readonly Loose[]> => {
    const found = known.get(tag) ?? askRelease(http, question, tag, item, run);
    known.set(tag, found);
    found.catch(() => known.delete(tag));
    return found;
  };
  return async (url, run) => {
    if (authorization === undefined || question.api === 'gitea') return { url };
    const [{ origin, pathname }, page] = [new URL(url), new URL(repository)];
    const own = page.pathname.replace(/(?:\.git)?\/?$/, '');
    if (origin !== page.origin) return { url };
    const headers = { Authorization: authorization, Accept: 'application/octet-stream' };
    const [kind, tag] = partsOf(pathname.startsWith(`${own}/`) ? pathname.slice(own.length) : '');
    if (kind === undefined || tag === undefined) {
      const inApi = question.api === 'gitlab' ? gitlabApiUrl(question.url, own, url) : undefined;
      return inApi === undefined ? { url } : { url: inApi, headers };
    }
    const asset = (await assetsOf(tag, nameInUrl(url), run)).find((one) => isAt(one, url));
    if (asset === undefined) throw gone(repository, tag, url);
    return { url: addressOf(question, own, { asset, kind, tag, url }), headers };
  };
}

type Loose = Readonly<Record<string, unknown>>;

/** `/releases/download/TAG/NAME` of GitHub, `/-/releases/TAG/downloads/PATH` of GitLab; a slash in a tag is `%2F`. */
function partsOf(path: string): [kind?: string, tag?: string] {
  const [, github] = /^\/releases\/download\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  const [, gitlab, below] = /^\/-\/releases\/([^/]+)\/downloads\/(.+)$/.exec(path) ?? [];
  if (github !== undefined) return ['', github];
  return gitlab === undefined || below === undefined ? [] : [below, gitlab];
}

/** GitHub: "Get a release by tag name"; GitLab: "Get a release by a tag name". */
async function askRelease(
  http: HttpClient,
  { api, url, headers }: RepositoryQuestion,
  tag: string,
  asset: string,
  run: Run,
): Promise<readonly Loose[]> {
  const item = `the release of ${printable(asset)}`;
  const at = `${url}/releases/${api === 'github' ? 'tags/' : ''}${tag}`;
  const { body } = await http.request(
    { url: at, headers, headersStay: true, item, maxBytes: PAGE_LIMIT },
    run,
  );
  const release = objectIn(parseJson(body, item, { maxBytes: PAGE_LIMIT, maxDepth: 64 }));
  const assets = release['assets'];
  const list = api === 'github' ? assets : objectIn(assets)['links'];
  return Array.isArray(list) ? list.map(objectIn) : [];
}

function isAt({ browser_download_url: github, direct_asset_url: gitlab }: Loose, url: string): boolean {
  return [github, gitlab].some(
    (one) => typeof one === 'string' && URL.canParse(one) && new URL(one).href === new URL(url).href,
  );
}

interface WantedAsset {
  readonly asset: Loose;
  /** Of GitLab: the path below `downloads`. */
  readonly kind: string;
  readonly tag: string;
  readonly url: string;
}

/** GitHub: "Get a release asset". GitLab: what the link leads to, where the API has it, otherwise "Download a release asset", which redirects there. */
function addressOf(
  question: RepositoryQuestion,
  own: string,
  { asset, kind: below, tag, url }: WantedAsset,
): string {
  const { id, url: target } = asset;
  if (question.api === 'github') {
    if (Number.isSafeInteger(id)) return `${question.url}/releases/assets/${id}`;
    throw new GapferryError({
      code: 'PROTOCOL_VIOLATION',
      message: `${new URL(url).host} does not say which number asset ${printable(nameInUrl(url))} has`,
      origin: 'source',
    });
  }
  const isHere =
    typeof target === 'string' && URL.canParse(target) && new URL(target).origin === new URL(url).origin;
  const inApi = isHere ? gitlabApiUrl(question.url, own, target) : undefined;
  return inApi ?? `${question.url}/releases/${tag}/downloads/${below}`;
}

function objectIn(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

/** With the tag as it stands in the URL, which need not be decodable. */
function gone(repository: string, tag: string, url: string): GapferryError {
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message: printable(`release ${tag} of ${repository} has no asset ${nameInUrl(url)} any more`),
    hint: 'run "gapferry resolve" to see what there is',
    origin: 'source',
  });
}
