import { type Digest, hexOf } from '@gapferry/core';
import { readContent } from './content.ts';
import { contentOfImage, type TestImage } from './image.ts';

/** An entry of index.json. */
export interface LayoutEntry {
  readonly image: TestImage;
  /** Annotation `org.opencontainers.image.ref.name`. */
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The files of an OCI image layout (image-spec, image-layout.md) by path, in memory: to be written into a directory or an archive, or to be damaged first. */
export async function ociLayout(entries: readonly LayoutEntry[]): Promise<Map<string, Uint8Array>> {
  const manifests = entries.map(({ image, name, annotations }) => ({
    ...image.root,
    annotations: { ...(name !== undefined && { 'org.opencontainers.image.ref.name': name }), ...annotations },
  }));
  const files = new Map<string, Uint8Array>([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))],
  ]);
  for (const { digest, content } of entries.flatMap(({ image }) => contentOfImage(image)))
    files.set(blobName(digest), await readContent(content));
  return files;
}

/** Where a blob lies in a layout. */
export function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
