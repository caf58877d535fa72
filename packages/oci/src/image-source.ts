import {
  aboutItem,
  formatImageReference,
  GapferryError,
  type ImageHolding,
  type ImagePin,
  type ImageWish,
  parseImageReference,
  type Run,
  repositoryOf,
  type Source,
} from '@gapferry/core';
import { type AttachmentFinder, createAttachmentFinder } from './attachments/attachment-finder.ts';
import type { LookupCache } from './attachments/lookup-cache.ts';
import { createBlobFetcher } from './blob-fetcher.ts';
import { fetchImage } from './fetch-image.ts';
import { registryContent } from './image-content.ts';
import type { LocalImages } from './local/local-images.ts';
import { resolveLocal } from './local/resolve-local.ts';
import type { OciClient } from './oci-client.ts';
import { resolveImage } from './resolve-image.ts';

export interface ImageSourceOptions {
  /** Blobs under way at once, over all images; default 6. */
  readonly concurrency?: number;
  /** Who finds attachments; default: one that remembers nothing between runs. */
  readonly attachments?: AttachmentFinder;
  /** Where creation dates are kept between runs. */
  readonly cache?: LookupCache;
  /** Where wishes and pins with `from` are read. Whoever made it closes it. */
  readonly local?: LocalImages;
}

/** Images from OCI registries, and from places on this machine. Nothing is pulled twice: neither what the store has, nor what another image of this source is just pulling. */
export function imageSource(
  client: OciClient,
  options: ImageSourceOptions = {},
): Source<ImageWish, ImagePin, ImageHolding> {
  const fetcher = createBlobFetcher(options.concurrency ?? 6);
  const { attachments = createAttachmentFinder(client), cache } = options;
  const resolving = { client, attachments, ...(cache && { cache }) };
  return {
    resolve: (wish, run) =>
      named(nameOf(wish), () =>
        wish.from === undefined
          ? resolveImage(resolving, wish, run)
          : resolveLocal(requireLocal(options), { ...wish, from: wish.from }, run),
      ),
    fetch: (pin, into, run) =>
      named(pin.id, () => {
        const content =
          pin.from === undefined
            ? registryContent(client, repositoryOf(parseImageReference(pin.id)))
            : requireLocal(options).at(pin.from, pin.root);
        return fetchImage({ content, fetcher, into, item: pin.id }, pin, runOf(pin.id, run));
      }),
  };
}

function requireLocal({ local }: ImageSourceOptions): LocalImages {
  if (local !== undefined) return local;
  throw new GapferryError({ code: 'INTERNAL', message: 'this image source reads no places on this machine' });
}

function nameOf({ ref, tags }: ImageWish): string {
  const reference = parseImageReference(ref);
  return tags === undefined ? formatImageReference(reference) : repositoryOf(reference);
}

async function named<T>(item: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw aboutItem(item, error);
  }
}

/** Layers below know blobs; progress is told about the image. */
function runOf(item: string, run: Run): Run {
  return { signal: run.signal, emit: (event) => run.emit('item' in event ? { ...event, item } : event) };
}
