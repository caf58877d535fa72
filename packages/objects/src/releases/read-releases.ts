import { GapferryError, parseJson } from '@gapferry/core';

/** Products whose API lists the releases of a repository. */
export type ReleaseApi = 'github' | 'gitlab' | 'gitea';

/** A release as its host tells of it. Nothing of it is trusted. */
export interface HostedRelease {
  readonly tag: string;
  /** URLs of its assets, absolute. */
  readonly assets: readonly string[];
}

/** Answers of hosts for projects with many assets are long. */
export const PAGE_LIMIT = 33_554_432;
export const PAGE_SIZE = 50;
const LONGEST_TAG = 256;

/** One page of a list of releases: GitHub's "List releases", Gitea's `repoListReleases`, GitLab's "List releases"; drafts, what is to come and what is marked as no release yet under a plain version are left out.
 *  `count`: entries of the page. Throws `JSON_INVALID`, `LIMIT_EXCEEDED`, `PROTOCOL_VIOLATION`. */
export function readReleases(
  api: ReleaseApi,
  bytes: Uint8Array,
  what: string,
): { readonly releases: readonly HostedRelease[]; readonly count: number } {
  const value = parseJson(bytes, what, { maxBytes: PAGE_LIMIT, maxDepth: 64 });
  if (!Array.isArray(value)) throw strange(api, what);
  const releases = value.map(objectIn).flatMap((release) => {
    const tag = release['tag_name'];
    if (
      typeof tag !== 'string' ||
      tag.length > LONGEST_TAG ||
      release['draft'] === true ||
      release['upcoming_release'] === true
    )
      return [];
    if (release['prerelease'] === true && !tag.includes('-')) return [];
    return [{ tag, assets: api === 'gitlab' ? linksOf(release) : assetsOf(release) }];
  });
  return { releases, count: value.length };
}

function assetsOf({ assets }: Loose): string[] {
  return listIn(assets).flatMap(({ browser_download_url: url }) => (typeof url === 'string' ? [url] : []));
}

function linksOf({ assets }: Loose): string[] {
  return listIn(objectIn(assets)['links']).flatMap(({ direct_asset_url: direct, url }) => {
    const found = direct ?? url;
    return typeof found === 'string' ? [found] : [];
  });
}

type Loose = Readonly<Record<string, unknown>>;

function listIn(value: unknown): Loose[] {
  return Array.isArray(value) ? value.map(objectIn) : [];
}

function objectIn(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

function strange(api: ReleaseApi, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${what} is not what ${api} says of releases`,
    origin: 'source',
  });
}
