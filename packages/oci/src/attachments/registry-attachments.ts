import type { Attachment, BlobStore, Descriptor, Run, SizedDigest } from '@gapferry/core';
import { createBlobFetcher } from '../blob-fetcher.ts';
import { bring, contentOf, type Fetching, graphReader } from '../fetch-image.ts';
import { registryContent } from '../image-content.ts';
import type { OciClient } from '../oci-client.ts';
import type { AttachmentFinder } from './attachment-finder.ts';
import { loadAttachments } from './load-attachments.ts';

/** What belongs to a single manifest of a registry, for items that are no images: charts. `repository` is host/path. */
export interface RegistryAttachments {
  /** Everything that belongs to it, recursively, sorted by `byAttachment`. `again`: what was found earlier will not do. */
  find(
    repository: string,
    root: Descriptor,
    options: { readonly item: string; readonly again: boolean },
    run: Run,
  ): Promise<readonly Attachment[]>;
  /** Brings them with everything they reach, verified, and gives all of it, sorted. */
  fetch(
    repository: string,
    attachments: readonly Attachment[],
    into: BlobStore,
    item: string,
    run: Run,
  ): Promise<readonly SizedDigest[]>;
}

/** Blobs of attachments under way at once. */
const CONCURRENCY = 4;

export function registryAttachments(client: OciClient, finder: AttachmentFinder): RegistryAttachments {
  const fetcher = createBlobFetcher(CONCURRENCY);
  return {
    find: (repository, root, { item, again }, run) =>
      finder.find(
        { repository, root: root.digest, platforms: [], item, again, subjects: async () => [root.digest] },
        run,
      ),
    async fetch(repository, attachments, into, item, run) {
      const fetching: Fetching = { content: registryContent(client, repository), fetcher, into, item };
      const content = contentOf(await loadAttachments(attachments, graphReader(fetching), item, run));
      await bring(fetching, content, run);
      return content.blobs;
    },
  };
}
