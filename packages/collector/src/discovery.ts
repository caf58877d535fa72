import type { NormalizeGitUrl } from '@gapferry/bundle';
import {
  type ArtifactDiscovery,
  type BlobStore,
  type ChartHolding,
  type ChartPin,
  type ChartRendering,
  type ChartWish,
  type Confidence,
  type Digest,
  GapferryError,
  type ImageDiscovery,
  type ImageHolding,
  type ImagePin,
  type NamedBy,
  type RenderingInput,
  type Run,
  renderingsDigest,
  type SubmoduleReader,
  type TreeDiscovery,
} from '@gapferry/core';

/** What is needed to find the images that charts and repositories name. */
export interface Discovery {
  readonly images: ImageDiscovery;
  readonly trees: TreeDiscovery & ArtifactDiscovery;
  readonly submodules: SubmoduleReader;
  /** How an address of a repository is read that content names. */
  readonly normalizeGitUrl: NormalizeGitUrl;
  /** Content of every values file that bundle.yaml names, by its path there. */
  readonly values: ReadonlyMap<string, string>;
  /** Where charts and artifacts go that are looked into. A collect takes its depot instead. */
  readonly store: BlobStore;
}

/** Brings into the store what is looked into there. */
export interface LookFetcher {
  chart(pin: ChartPin, run: Run): Promise<ChartHolding>;
  /** An artifact of manifests. */
  image(pin: ImagePin, run: Run): Promise<ImageHolding>;
}

/** An image that charts and repositories of the bundle name, and what becomes of it. */
export interface DiscoveredImage {
  /** In full; as it is written where it is no reference. */
  readonly image: string;
  /** The strongest of its findings. */
  readonly confidence: Confidence;
  /** `included`: part of the release because of this. `wanted`: an image of bundle.yaml anyway. `waived`: left out on purpose. `listed`: left out, because it is not sure that it is
   *  needed. `failed`: it must be there and cannot be had. */
  readonly outcome: 'included' | 'wanted' | 'waived' | 'listed' | 'failed';
  /** Id of the release's item that it is; absent where it is left out. */
  readonly item?: string;
  /** Why it is waived, only listed, or failed. */
  readonly reason?: string;
  /** Sorted by `byNaming`. */
  readonly namedBy: readonly NamedBy[];
}

/** A rendering with its files read. Throws `INTERNAL` where nobody read one. */
export function renderingInput(
  { values = [], ...rest }: ChartRendering,
  files: ReadonlyMap<string, string>,
): RenderingInput {
  if (values.length === 0) return rest;
  const read = values.map((entry, i) => {
    if ('inline' in entry) return { name: `values[${i}] of bundle.yaml`, content: entry.inline };
    const content = files.get(entry.file);
    if (content !== undefined) return { name: entry.file, content };
    throw new GapferryError({ code: 'INTERNAL', message: `the values file ${entry.file} was not read` });
  });
  return { ...rest, values: read };
}

/** What the pin of a wished chart says that it was rendered with. `renderings`: the digests of everything in the wish, in any order. */
export function renderedDigest({ installations }: ChartWish, renderings: readonly Digest[]): Digest {
  const [only] = renderings;
  return installations === undefined && only !== undefined ? only : renderingsDigest(renderings);
}
