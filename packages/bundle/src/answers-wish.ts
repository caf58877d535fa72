import {
  aptSuiteUrl,
  chartIdentity,
  type FilePin,
  type FileWish,
  fillTemplate,
  formatImageReference,
  gitIdentity,
  isGapferryError,
  LISTED_NAMES,
  type ListedFileWish,
  listedName,
  listedUrl,
  matchesGlob,
  nameInUrl,
  type Pin,
  parseImageReference,
  type ReleaseFileWish,
  repositoryOf,
  type UrlFilePin,
  urlOfPrefix,
  type Wish,
} from '@gapferry/core';
import { satisfies } from 'semver';

/** Is a pin what its wish asks for, as far as names say it? A lock is a file that people merge and edit: that a pin claims to answer a wish does not make it so. */
export function answersWish(pin: Pin, wish: Wish): boolean {
  if (pin.kind === 'image' && wish.kind === 'image') return pin.id === imageName(pin.id, wish);
  if (pin.kind === 'chart' && wish.kind === 'chart')
    return pin.from === wish.from && pin.id === `${chartIdentity(wish)}:${pin.version}`;
  if (pin.kind === 'git' && wish.kind === 'git')
    return pin.url === wish.url && pin.id === (wish.as ?? gitIdentity(wish.url));
  return pin.kind === 'file' && wish.kind === 'file' && isWishedFile(pin, wish);
}

/** The newest release is upstream's to say; a version in the range, an asset that is wanted and the name that follows from both are not. */
function isAssetOf({ id, url, version }: UrlFilePin, { as, release }: ReleaseFileWish): boolean {
  const name = nameInUrl(url);
  return (
    version !== undefined &&
    satisfies(version, release.version, { includePrerelease: false }) &&
    release.assets.some((pattern) => matchesGlob(pattern, name)) &&
    new URL(url).origin === new URL(release.url).origin &&
    id === fillTemplate(as, { name, version })
  );
}

/** Which archive the listing names is upstream's to say; that it lies beside the listing is not. */
function isListed({ id, url }: UrlFilePin, { as, listing }: ListedFileWish): boolean {
  if (id === `${as}/${LISTED_NAMES.listing}`) return url === listing;
  const name = nameInUrl(url);
  return id === `${as}/${listedName(name)}` && url === listedUrl(listing, name);
}

function isWishedFile(pin: FilePin, wish: FileWish): boolean {
  if ('path' in wish)
    return 'path' in pin && pin.path === wish.path && pin.id === ('files' in pin ? `${wish.as}/` : wish.as);
  if (!('url' in pin)) return false;
  if ('apt' in wish) return 'release' in pin && pin.id === `${wish.as}/` && pin.url === aptSuiteUrl(wish.apt);
  if ('release' in pin) return false;
  if ('prefix' in wish)
    return 'files' in pin && pin.id === `${wish.as}/` && pin.url === urlOfPrefix(wish.prefix);
  if ('files' in pin) return false;
  if ('release' in wish) return isAssetOf(pin, wish);
  if ('listing' in wish) return isListed(pin, wish);
  return pin.id === wish.as && pin.url === wish.url && pin.sha256 === (wish.sha256 ?? pin.sha256);
}

/** What the pin of a wish for an image is called: of several tags, each with its own. */
function imageName(id: string, { ref, tags }: Extract<Wish, { kind: 'image' }>): string | undefined {
  try {
    const wanted = parseImageReference(ref);
    if (tags === undefined) return formatImageReference(wanted);
    const { tag, ...found } = parseImageReference(id);
    if (tag === undefined || repositoryOf(found) !== repositoryOf(wanted)) return undefined;
    return formatImageReference({ ...found, tag });
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return undefined;
    throw error;
  }
}
