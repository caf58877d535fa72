import {
  type Attachment,
  aboutItem,
  type Descriptor,
  type Digest,
  formatImageReference,
  GapferryError,
  type ImagePin,
  type ImageReference,
  type ImageWish,
  isIndexType,
  parseImageReference,
  type Run,
  repositoryOf,
  wishDigest,
} from '@gapferry/core';
import type { AttachmentFinder } from './attachments/attachment-finder.ts';
import type { LookupCache } from './attachments/lookup-cache.ts';
import { configPlatform } from './config-platform.ts';
import { upstreamSubjects } from './image-graph.ts';
import { type GraphReader, loadImageGraph } from './load-image-graph.ts';
import { MANIFEST_LIMIT } from './manifest-document.ts';
import { isImageConfigType } from './media-type-names.ts';
import type { OciClient } from './oci-client.ts';
import { parseImageChoice } from './platform-choice.ts';
import { readSmallBlob } from './read-small-blob.ts';
import { resolveTags } from './tags/resolve-tags.ts';
import { together } from './together.ts';

/** What resolving at registries needs. */
export interface Resolving {
  readonly client: OciClient;
  readonly attachments: AttachmentFinder;
  readonly cache?: LookupCache;
}

/** One pin, or one for each tag that the wish chooses. */
export async function resolveImage(
  resolving: Resolving,
  wish: ImageWish,
  run: Run,
): Promise<readonly ImagePin[]> {
  const reference = parseImageReference(wish.ref);
  if (wish.tags === undefined) {
    const root = await resolveRoot(resolving.client, reference, run);
    return [await pinOf(resolving, wish, reference, root, run)];
  }
  const repository = repositoryOf(reference);
  const { platforms } = parseImageChoice(wish);
  const question = { ...resolving, repository, platforms };
  const found = await resolveTags(question, wish.tags, run);
  const { host, path } = reference;
  return together(found, run, async ({ tag, root }, inner) => {
    try {
      return await pinOf(resolving, wish, { host, path, tag }, root, inner);
    } catch (error) {
      throw aboutItem(`${repository}:${tag}`, error);
    }
  });
}

/** A tag with a digest must agree with it: whoever writes both wants to notice when the tag moves. */
async function resolveRoot(client: OciClient, reference: ImageReference, run: Run): Promise<Descriptor> {
  const repository = repositoryOf(reference);
  const root = await client.resolve(repository, reference.tag ?? reference.digest ?? 'latest', run);
  if (reference.digest === undefined || root.digest === reference.digest) return root;
  const id = formatImageReference(reference);
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${id}: its tag ${reference.tag} is ${root.digest} upstream`,
    hint: 'the tag was moved: take the new digest, or leave out the tag to keep the old one',
    origin: 'source',
    data: { item: id, expected: reference.digest, actual: root.digest },
  });
}

async function pinOf(
  resolving: Resolving,
  wish: ImageWish,
  reference: ImageReference,
  root: Descriptor,
  run: Run,
): Promise<ImagePin> {
  const id = formatImageReference(reference);
  const repository = repositoryOf(reference);
  const { platforms, attestations } = wish;
  const attachments = await resolving.attachments.find(
    {
      item: id,
      repository,
      root: root.digest,
      platforms,
      ...(attestations && { attestations }),
      ...(wish.attachments && { choice: wish.attachments }),
      // A signature that has to be there is looked for each time.
      again: wish.verify !== undefined && wish.verify.length > 0,
      subjects: () => subjectsOf(resolving.client, repository, root, wish, id, run),
    },
    run,
  );
  return makeImagePin(wish, id, root, attachments);
}

/** Optional members are absent where there is nothing to say. */
export function makeImagePin(
  wish: ImageWish,
  id: string,
  root: Descriptor,
  attachments: readonly Attachment[],
): ImagePin {
  const { platforms, attestations, from } = wish;
  return {
    kind: 'image',
    id,
    wish: wishDigest(wish),
    root,
    platforms,
    ...(attestations && { attestations }),
    ...(from && { from }),
    ...(attachments.length > 0 && { attachments }),
  };
}

async function subjectsOf(
  client: OciClient,
  repository: string,
  root: Descriptor,
  wish: ImageWish,
  item: string,
  run: Run,
): Promise<readonly Digest[]> {
  if (!isIndexType(root.mediaType)) return [root.digest];
  const reader = remoteReader(client, repository, item);
  return upstreamSubjects(root, await loadImageGraph(root, parseImageChoice(wish), reader, item, run));
}

function remoteReader(client: OciClient, repository: string, item: string): GraphReader {
  return {
    manifest: (descriptor, run) => client.manifest(repository, descriptor, run),
    async platformOf(config, run) {
      if (!isImageConfigType(config.mediaType) || config.size > MANIFEST_LIMIT) return undefined;
      return configPlatform(await readSmallBlob(client, repository, config, run), item);
    },
  };
}
