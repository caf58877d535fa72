import { GapferryError, matchesGlob, nameInUrl, printable, type ReleaseFileWish } from '@gapferry/core';
import semver from 'semver';
import type { HostedRelease } from './read-releases.ts';

/** What a wish for a release was found to be. */
export interface ChosenRelease {
  readonly version: string;
  /** URLs, in the order of names. */
  readonly assets: readonly string[];
}

const SHOWN = 10;

/** The highest version in the range, and its assets that fit. An asset is called as its URL ends, and lies at the host of the repository: what a host names elsewhere is not asked for.
 *  Throws `SOURCE_NOT_FOUND` where no version or no asset fits, `NAME_UNSAFE`, `PROTOCOL_VIOLATION`. */
export function chooseRelease(
  { release: { url, version: range, assets: patterns } }: ReleaseFileWish,
  releases: readonly HostedRelease[],
): ChosenRelease {
  const versions = sortedVersions(releases);
  const found = versions.find(({ version }) => semver.satisfies(version, range));
  if (found === undefined) {
    const there = versions.slice(0, SHOWN).map(({ version }) => version.raw);
    throw none(`${url} has no release that fits ${range}; the newest are ${listed(there)}`);
  }
  const { assets } = found.release;
  for (const pattern of patterns)
    if (!assets.some((asset) => matchesGlob(pattern, nameOf(asset))))
      throw none(
        `release ${found.release.tag} of ${url} has no asset that fits ${pattern}; it has ${listed(assets.slice(0, 30).map(nameOf))}`,
      );
  const wanted = assets.filter((asset) => patterns.some((pattern) => matchesGlob(pattern, nameOf(asset))));
  for (const asset of wanted) requireAtHost(asset, url);
  return {
    version: textOf(found.version),
    assets: [...new Set(wanted)].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
  };
}

/** The same releases, with assets only where they would be chosen: a host may tell of millions. */
export function withChosenAssets(releases: readonly HostedRelease[], range: string): HostedRelease[] {
  const chosen = sortedVersions(releases).find(({ version }) => semver.satisfies(version, range));
  return releases.map((release) => (release === chosen?.release ? release : { ...release, assets: [] }));
}

interface VersionedRelease {
  readonly version: semver.SemVer;
  readonly release: HostedRelease;
}

/** The highest first. */
function sortedVersions(releases: readonly HostedRelease[]): VersionedRelease[] {
  return releases
    .flatMap((release) => {
      const version = versionOf(release.tag);
      return version === undefined ? [] : [{ version, release }];
    })
    .sort((a, b) => semver.compareBuild(b.version, a.version));
}

/** Made of its parts: what was parsed may have had blanks around it. */
function textOf({ version, build }: semver.SemVer): string {
  return build.length === 0 ? version : `${version}+${build.join('.')}`;
}

/** `v1.2.3`, `1.2.3`, `tool/v1.2.3`. */
function versionOf(tag: string): semver.SemVer | undefined {
  return semver.parse(tag.split('/').at(-1)) ?? undefined;
}

function nameOf(asset: string): string {
  return URL.canParse(asset) ? nameInUrl(asset) : '';
}

function requireAtHost(asset: string, repository: string): void {
  const [from, at] = [new URL(repository), new URL(asset)];
  if (at.host === from.host && at.protocol === from.protocol) return;
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: printable(
      `${from.host} says that ${nameOf(asset)} lies at ${at.protocol}//${at.host}, and not at its own place`,
    ),
    hint: 'take the file by its URL',
    origin: 'source',
  });
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

function none(message: string): GapferryError {
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    message: printable(message),
    hint: 'correct "version" or "assets" in bundle.yaml',
    origin: 'source',
  });
}
