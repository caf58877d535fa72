import {
  fillTemplate,
  GapferryError,
  nameInUrl,
  printable,
  type ReleaseFileWish,
  type Run,
  requireSafePath,
  type UrlFileWish,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { chooseRelease, withChosenAssets } from './choose-release.ts';
import { type HostedRelease, PAGE_LIMIT, PAGE_SIZE, type ReleaseApi, readReleases } from './read-releases.ts';

/** How a host is asked about a repository. */
export interface RepositoryQuestion {
  readonly api: ReleaseApi;
  /** Answers with what the repository is; its releases lie below. */
  readonly url: string;
  /** Only for the host of `url`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Undefined where nobody said which API the host has. */
export type AskRepository = (url: string) => Promise<RepositoryQuestion | undefined>;

export interface ReleaseAsset {
  readonly version: string;
  /** The wish for the one file: its name, its URL, and what it is held against. */
  readonly wish: UrlFileWish;
}

/** A thousand releases. */
const PAGES = 20;

/** The assets that a wish stands for now. Throws `CONFIG_INVALID` for a host whose API nobody named, `SOURCE_NOT_FOUND`, `NAME_UNSAFE`, `PROTOCOL_VIOLATION`, and what asking throws. */
export async function releaseAssets(
  http: HttpClient,
  ask: AskRepository,
  wish: ReleaseFileWish,
  run: Run,
): Promise<ReleaseAsset[]> {
  const { url } = wish.release;
  const question = await ask(url);
  if (question === undefined)
    throw new GapferryError({
      code: 'CONFIG_INVALID',
      message: `nobody says which API ${new URL(url).host} has`,
      hint: 'say it under "hosts": { "HOST": { api: github } }; known are github, gitlab and gitea (Forgejo too)',
      origin: 'source',
    });
  const { version, assets } = chooseRelease(wish, await allReleases(http, question, wish, run));
  return assets.map((asset) => ({ version, wish: assetWish(wish, { url: asset, version }) }));
}

/** What one asset is held against: files of checksums and signatures lie beside it. Throws `NAME_UNSAFE`. */
export function assetWish(
  wish: ReleaseFileWish,
  { url, version }: { readonly url: string; readonly version: string },
): UrlFileWish {
  const { checksums, signature, check } = wish;
  const values = { name: nameInUrl(url), version };
  const beside = ({ asset }: { readonly asset: string }): { url: string } => ({
    url: new URL(encodeURIComponent(fillTemplate(asset, values)), url).href,
  });
  const signed = ({ asset, ...signer }: NonNullable<ReleaseFileWish['signature']>) => ({
    ...beside({ asset }),
    ...signer,
  });
  return {
    kind: 'file',
    url,
    as: requireSafePath(fillTemplate(wish.as, values), `an asset of ${wish.release.url}`),
    ...(checksums && {
      checksums: {
        ...beside(checksums),
        ...(checksums.signature && { signature: signed(checksums.signature) }),
      },
    }),
    ...(signature && { signature: signed(signature) }),
    ...(check && { check }),
  };
}

async function allReleases(
  http: HttpClient,
  { api, url, headers }: RepositoryQuestion,
  { release }: ReleaseFileWish,
  run: Run,
): Promise<HostedRelease[]> {
  const item = printable(`the releases of ${release.url}`);
  let all: HostedRelease[] = [];
  for (let page = 1; page <= PAGES; page++) {
    const size = api === 'gitea' ? 'limit' : 'per_page';
    const asked = `${url}/releases?${size}=${PAGE_SIZE}&page=${page}`;
    const { body } = await http.request({ url: asked, headers, item, maxBytes: PAGE_LIMIT }, run);
    const { releases, count } = readReleases(api, body, item);
    all = withChosenAssets([...all, ...releases], release.version);
    // A host may give fewer than it was asked for.
    if (count === 0 || (count < PAGE_SIZE && api !== 'gitea')) break;
  }
  return all;
}
