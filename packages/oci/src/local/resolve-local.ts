import {
  type Attachment,
  type Descriptor,
  type Digest,
  formatImageReference,
  GapferryError,
  type ImagePin,
  type ImagePlace,
  type ImageWish,
  parseImageReference,
  type Run,
  readVerified,
} from '@gapferry/core';
import { wantedOf } from '../attachments/attachment-finder.ts';
import { findAttachments } from '../attachments/find-attachments.ts';
import { configPlatform } from '../config-platform.ts';
import { upstreamSubjects } from '../image-graph.ts';
import { type GraphReader, loadImageGraph } from '../load-image-graph.ts';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import { isImageConfigType } from '../media-type-names.ts';
import { parseImageChoice } from '../platform-choice.ts';
import { untold } from '../read-small-blob.ts';
import { makeImagePin } from '../resolve-image.ts';
import type { LocalImage, LocalImages } from './local-images.ts';

/** The pin of an image that lies on this machine; its name is the wish's. Throws `DIGEST_MISMATCH` when that name has a digest and something else lies there. */
export async function resolveLocal(
  images: LocalImages,
  wish: ImageWish & { readonly from: ImagePlace },
  run: Run,
): Promise<readonly ImagePin[]> {
  const reference = parseImageReference(wish.ref);
  const id = formatImageReference(reference);
  const image = images.at(wish.from);
  const root = await image.resolve(run);
  if (reference.digest !== undefined && reference.digest !== root.digest)
    throw new GapferryError({
      code: 'DIGEST_MISMATCH',
      message: `${id}: what lies in ${wish.from.path} is ${root.digest}`,
      hint: 'select another image, or correct the digest under `as:`',
      origin: 'source',
      data: { item: id, expected: reference.digest, actual: root.digest },
    });
  return [makeImagePin(wish, id, root, await attachmentsOf(image, root, wish, id, run))];
}

async function attachmentsOf(
  image: LocalImage,
  root: Descriptor,
  wish: ImageWish,
  item: string,
  run: Run,
): Promise<readonly Attachment[]> {
  if (wish.attachments?.types.length === 0) return [];
  const subjects = await subjectsOf(image, root, wish, item, run);
  const found = await findAttachments(subjects, image.about, item, run);
  return wantedOf({ subjects, found }, wish.attachments);
}

/** As at a registry: every manifest that is kept, and of an index that the choice filters the one that lies there. */
async function subjectsOf(
  image: LocalImage,
  root: Descriptor,
  wish: ImageWish,
  item: string,
  run: Run,
): Promise<readonly Digest[]> {
  return upstreamSubjects(
    root,
    await loadImageGraph(root, parseImageChoice(wish), readerOf(image, item), item, run),
  );
}

function readerOf(image: LocalImage, item: string): GraphReader {
  return {
    manifest: (descriptor, run) => image.manifest(descriptor, run),
    async platformOf(config, run) {
      if (!isImageConfigType(config.mediaType) || config.size > MANIFEST_LIMIT) return undefined;
      const bytes = image.blob(config, untold(run))(0);
      return configPlatform(await readVerified(config, bytes, { origin: 'source', place: item }), item);
    },
  };
}
