import {
  attachmentsInOrder,
  type BlobReader,
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  MANIFEST_LIMITS,
  type OciContent,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';

/** What a content load consists of, in the order in which a registry takes it. */
export interface ContentGraph {
  /** Children before parents, attachments after their subjects. */
  readonly manifests: readonly ManifestNode[];
  /** Digests that are manifests: all others of the load are blobs. */
  readonly manifestDigests: ReadonlySet<Digest>;
}

export interface ManifestNode {
  readonly manifest: Descriptor;
  /** Manifests that must be there before it: its children, and its subject where that is part of the load. */
  readonly after: readonly Digest[];
}

/** Reads the manifests of a load from the medium. Throws `BLOB_MISSING` when one needs what the load does not bring, `CONTENT_INVALID` or `LIMIT_EXCEEDED` for what is no manifest. */
export async function readContentGraph(load: OciContent, from: BlobReader, run: Run): Promise<ContentGraph> {
  const reading: Reading = {
    load,
    from,
    run,
    brought: new Set(load.blobs.map(({ digest }) => digest)),
    nodes: new Map(),
  };
  await read(reading, load.root, []);
  // No release has circles; whatever is in one is sent last.
  const { ordered, circular } = attachmentsInOrder(load.attachments ?? []);
  for (const { root, subject } of [...ordered, ...circular])
    await read(reading, root, reading.nodes.has(subject) ? [subject] : []);
  return { manifests: [...reading.nodes.values()], manifestDigests: new Set(reading.nodes.keys()) };
}

interface Reading {
  readonly load: OciContent;
  readonly from: BlobReader;
  readonly run: Run;
  readonly brought: ReadonlySet<Digest>;
  /** In the order in which they were completed. */
  readonly nodes: Map<Digest, ManifestNode>;
}

async function read(reading: Reading, part: Descriptor, subject: readonly Digest[]): Promise<void> {
  const { load, brought, nodes } = reading;
  if (nodes.has(part.digest)) return;
  const links = await readLinks(reading, part);
  const missing = links.find(({ required, digest }) => required && !brought.has(digest));
  if (missing !== undefined) throw notBrought(load, missing.digest);
  const children = links.filter(({ mediaType, digest }) => hasLinks(mediaType) && brought.has(digest));
  for (const child of children) await read(reading, child, []);
  nodes.set(part.digest, {
    manifest: part,
    after: [...children.map(({ digest }) => digest), ...subject],
  });
}

async function readLinks(
  { load, from, run }: Reading,
  part: Descriptor,
): Promise<ReturnType<typeof parseManifestLinks>['links']> {
  const what = `manifest ${part.digest} of ${load.item}`;
  if (hasLinks(part.mediaType) && part.size <= MANIFEST_LIMITS.maxBytes) {
    const bytes = await readVerified(part, from.open(part, run), { origin: 'medium' });
    return parseManifestLinks(bytes, part.mediaType, what).links;
  }
  const [code, why] = hasLinks(part.mediaType)
    ? (['LIMIT_EXCEEDED', `has ${part.size} bytes`] as const)
    : (['CONTENT_INVALID', `is ${part.mediaType}, which no registry takes as a manifest`] as const);
  throw new GapferryError({ code, message: `${what} ${why}`, origin: 'medium' });
}

function notBrought({ item }: OciContent, digest: Digest): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${item} needs ${digest}, which the release does not bring`,
    hint: 'no registry takes an image without all of its parts; have the release collected again',
    origin: 'medium',
    data: { item, digest },
  });
}
