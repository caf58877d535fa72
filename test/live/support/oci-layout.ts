import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { contentOfImage, type TestImage } from '@gapferry/testkit';

/** Writes images as an OCI image layout (image-spec, image-layout.md), by tag. */
export async function writeOciLayout(
  directory: string,
  images: Readonly<Record<string, TestImage>>,
): Promise<void> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const { digest, content } of Object.values(images).flatMap(contentOfImage))
    await pipeline(Readable.from(content.open(0)), createWriteStream(join(blobs, digest.slice(7))));
  const manifests = Object.entries(images).map(([tag, { root }]) => ({
    ...root,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
