import type { Run } from '@gapferry/core';
import { formatPlatform, hexOf, isDigest } from '@gapferry/core';
import { z } from 'zod';
import { knownPlatform } from '../manifest-document.ts';
import { refused } from './local-error.ts';
import type { LocalEntry, LocalPlace } from './local-place.ts';
import type { PlaceFiles } from './place-files.ts';
import { readDocument } from './read-document.ts';

/** Bytes of index.json, and how many it may list. A depot lists every item of every release. */
const LIMITS = { layout: 4096, index: 16 << 20, entries: 20_000 } as const;

/** OCI image-spec, annotations.md; and what containerd and `docker save` write beside it, with the whole reference. */
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

const layoutShape = z.looseObject({ imageLayoutVersion: z.string() });
const indexShape = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(
    z.looseObject({
      mediaType: z.string().min(1).max(255),
      digest: z.string().refine(isDigest, 'is not sha256: and 64 lower-case hex digits'),
      size: z.int().min(0),
      platform: z
        .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
        .nullish(),
      annotations: z.record(z.string(), z.string()).nullish(),
    }),
  ),
});

/** An OCI image layout (OCI image-spec, image-layout.md), in a directory or an archive. Undefined for what has no `oci-layout`.
 *  Throws `CONTENT_INVALID`, `JSON_INVALID`, `LIMIT_EXCEEDED` (16 MiB of index.json, 20,000 entries). */
export async function layoutPlace(files: PlaceFiles, run: Run): Promise<LocalPlace | undefined> {
  const layout = await readDocument(files, 'oci-layout', LIMITS.layout, layoutShape, run);
  if (layout === undefined) return undefined;
  if (layout.imageLayoutVersion !== '1.0.0')
    throw refused(files.what, 'its oci-layout does not say imageLayoutVersion 1.0.0');
  const index = await readDocument(files, 'index.json', LIMITS.index, indexShape, run);
  if (index === undefined) throw refused(files.what, 'it has an oci-layout and no index.json');
  if (index.manifests.length > LIMITS.entries)
    throw refused(
      files.what,
      `its index.json has ${index.manifests.length} entries; the limit is ${LIMITS.entries}`,
      'LIMIT_EXCEEDED',
    );
  return {
    what: files.what,
    entries: index.manifests.map(entryOf),
    find: (digest) => files.find(`blobs/sha256/${hexOf(digest)}`),
    close: () => files.close(),
  };
}

function entryOf({
  mediaType,
  digest,
  size,
  platform,
  annotations,
}: z.infer<typeof indexShape>['manifests'][number]): LocalEntry {
  const names = NAMES.map((key) => annotations?.[key]).filter((name) => name !== undefined);
  const known = knownPlatform(platform);
  return {
    names: [...new Set(names)],
    digest,
    ...(known && { platform: formatPlatform(known) }),
    root: async () => ({ mediaType, digest, size }),
  };
}
