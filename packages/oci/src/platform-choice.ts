import {
  canonicalBytes,
  type Descriptor,
  digestOf,
  formatPlatform,
  GapferryError,
  matchesPlatform,
  type Platform,
  parsePlatform,
} from '@gapferry/core';
import type { ImageNode, IndexNode } from './image-graph.ts';
import type { IndexDocument, IndexEntry } from './manifest-document.ts';

/** Which platforms somebody wants; undefined where everything is wanted. */
export type PlatformChoice = readonly Platform[] | undefined;

/** What is wanted of an image. */
export interface ImageChoice {
  readonly platforms: PlatformChoice;
  /** Attestation manifests of an index are left out. */
  readonly attestations?: 'drop';
}

/** The choice that a wish or a pin states; no platforms: all of them. */
export function parseImageChoice(stated: {
  readonly platforms: readonly string[];
  readonly attestations?: 'drop';
}): ImageChoice {
  const platforms = stated.platforms.length === 0 ? undefined : stated.platforms.map(parsePlatform);
  return { platforms, ...(stated.attestations && { attestations: stated.attestations }) };
}

/** Everything there is. */
export const WHOLE_IMAGE: ImageChoice = { platforms: undefined };

export function isWanted(choice: PlatformChoice, platform: Platform): boolean {
  return choice === undefined || choice.some((wanted) => matchesPlatform(wanted, platform));
}

/** One entry of an index and what is kept of it; without `node` it is dropped. */
export interface ChosenEntry {
  readonly entry: IndexEntry;
  readonly node: ImageNode | undefined;
}

/** The index of the entries that are kept. When that is all of them, unchanged, it is the upstream index itself; else the canonical JSON (RFC 8785) of the
 *  upstream document with fewer `manifests`, under the same media type: the same choice gives the same bytes on any machine. */
export function indexOf(
  upstream: { readonly descriptor: Descriptor; readonly bytes: Uint8Array; readonly document: IndexDocument },
  entries: readonly ChosenEntry[],
): IndexNode {
  const kept = entries.filter(
    (chosen): chosen is { entry: IndexEntry; node: ImageNode } => chosen.node !== undefined,
  );
  const common = {
    kind: 'index' as const,
    children: kept.map(({ node }) => node),
    platforms: [...new Set(kept.flatMap(platformsOf))].sort(),
  };
  const unchanged =
    kept.length === entries.length &&
    kept.every(({ entry, node }) => entry.descriptor.digest === node.descriptor.digest);
  if (unchanged) return { ...common, descriptor: upstream.descriptor, bytes: upstream.bytes };
  const bytes = canonicalBytes({
    ...upstream.document.raw,
    manifests: kept.map(({ entry, node }) => ({
      ...entry.raw,
      digest: node.descriptor.digest,
      size: node.descriptor.size,
    })),
  });
  return {
    ...common,
    bytes,
    descriptor: { mediaType: upstream.descriptor.mediaType, digest: digestOf(bytes), size: bytes.byteLength },
    upstream: { descriptor: upstream.descriptor, bytes: upstream.bytes },
  };
}

/** The index's word about a platform counts; where it says nothing, what lies below does. */
function platformsOf({ entry, node }: { entry: IndexEntry; node: ImageNode }): readonly string[] {
  return entry.platform === undefined ? node.platforms : [formatPlatform(entry.platform)];
}

/** Throws `PLATFORM_NOT_FOUND` for a wanted platform that nothing kept serves, naming those there are. What names no platform at all serves every one. */
export function requirePlatforms(
  choice: PlatformChoice,
  kept: readonly string[],
  offered: ReadonlySet<string>,
  item: string,
): void {
  if (offered.size === 0) return;
  const missing = (choice ?? [])
    .filter((wanted) => !kept.some((platform) => matchesPlatform(wanted, parsePlatform(platform))))
    .map(formatPlatform);
  if (missing.length === 0) return;
  const there = [...new Set(offered)].sort();
  throw new GapferryError({
    code: 'PLATFORM_NOT_FOUND',
    message: `${item} does not exist for ${missing.join(', ')}; it exists for ${there.join(', ')}`,
    hint: 'choose among those under `platforms:`, or leave it out to take all',
    origin: 'source',
    data: { item, missing, offered: there },
  });
}
