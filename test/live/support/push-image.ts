import { type BlobReader, quietRun, type Run, verifiedBytes } from '@gapferry/core';
import type { RegistryWriter } from '@gapferry/oci';
import { contentOfImage, type TestImage } from '@gapferry/testkit';

/** Everything of some images, as a depot gives it. */
export function readerOf(...images: readonly TestImage[]): BlobReader {
  const content = new Map(images.flatMap(contentOfImage).map((blob) => [blob.digest, blob.content]));
  return {
    has: async ({ digest }) => content.has(digest),
    open(blob) {
      const found = content.get(blob.digest);
      if (found === undefined) throw new Error(`no ${blob.digest}`);
      return verifiedBytes(blob, found.open(0));
    },
  };
}

/** Pushes an image as a target does: blobs, children before parents, the root under its tag last. Returns the bytes of blobs that were sent. */
export async function pushImage(
  writer: RegistryWriter,
  repository: string,
  tag: string | undefined,
  image: TestImage,
  run: Run = quietRun(),
): Promise<number> {
  let total = 0;
  for (const child of image.children) total += await pushImage(writer, repository, undefined, child, run);
  const reader = readerOf(image);
  const pushed = image.blobs.map(({ digest, size }) =>
    writer.pushBlob(repository, { digest, size }, reader, { item: repository }, run),
  );
  for (const { sent } of await Promise.all(pushed)) total += sent;
  const put = (reference: string): Promise<void> =>
    writer.pushManifest(repository, reference, image.root, image.manifest, { item: repository }, run);
  await put(image.root.digest);
  if (tag !== undefined) await put(tag);
  return total;
}
