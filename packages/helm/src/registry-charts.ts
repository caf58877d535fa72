import {
  type Attachment,
  type BlobStore,
  type ChartHolding,
  type Descriptor,
  digestOf,
  GapferryError,
  isDigest,
  MEDIA_TYPES,
  type OciChartPin,
  type OciChartWish,
  parseJson,
  type Run,
  readVerified,
  requireDigest,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
  wishDigest,
} from '@gapferry/core';
import { readChartArchive } from './chart-archive.ts';
import { isExactVersion, newestVersion } from './chart-version.ts';
import { newest, requireNamed } from './repository-charts.ts';

/** What this package needs from an OCI registry. `repository` is host/path. */
export interface ChartRegistry {
  /** Throws `SOURCE_NOT_FOUND` when there is no such tag. */
  resolve(repository: string, tagOrDigest: string, run: Run): Promise<Descriptor>;
  /** The bytes of a manifest, checked against its descriptor. */
  manifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** Puts a blob into the store, which checks it. */
  pull(
    repository: string,
    blob: SizedDigest,
    into: BlobStore,
    run: Run,
  ): Promise<{ readonly reused: boolean }>;
  tags(repository: string, run: Run): Promise<readonly string[]>;
}

/** What this package needs to know of what belongs to a chart in an OCI registry: signatures, SBOMs. `item` names the chart in errors and events. */
export interface ChartAttachments {
  /** Everything that belongs to the manifest, recursively, sorted by `byAttachment`. `again`: what was found earlier will not do. */
  find(
    repository: string,
    root: Descriptor,
    options: { readonly item: string; readonly again: boolean },
    run: Run,
  ): Promise<readonly Attachment[]>;
  /** Brings them with everything they reach, verified. */
  fetch(
    repository: string,
    attachments: readonly Attachment[],
    into: BlobStore,
    item: string,
    run: Run,
  ): Promise<readonly SizedDigest[]>;
}

/** Charts from OCI registries, as `helm push` puts them there. */
export interface RegistryCharts {
  resolve(wish: OciChartWish, run: Run): Promise<OciChartPin>;
  fetch(pin: OciChartPin, into: BlobStore, run: Run): Promise<ChartHolding>;
}

const LIMITS = {
  config: 1_048_576,
  archive: 33_554_432,
  provenance: 1_048_576,
  manifest: 4_194_304,
  layers: 8,
} as const;
/** Helm 3.0 to 3.6 called the archive so, and Helm still reads it. */
const OLD_ARCHIVE_TYPE = 'application/tar+gzip';

export function registryCharts(registry: ChartRegistry, attachments: ChartAttachments): RegistryCharts {
  return {
    resolve: async (wish, run) => {
      const version = await chooseVersion(registry, wish, run);
      const root = await registry.resolve(wish.ref, tagOf(version), run);
      const id = `${wish.ref}:${version}`;
      await readArtifact(registry, wish.ref, root, id, run);
      const again = wish.verify !== undefined && wish.verify.length > 0;
      const attached = await attachments.find(wish.ref, root, { item: id, again }, run);
      return {
        kind: 'chart',
        from: 'oci',
        id,
        wish: wishDigest(wish),
        name: nameOf(wish.ref),
        version,
        root,
        ...(attached.length > 0 && { attachments: attached }),
      };
    },
    fetch: async (pin, into, run) => fetchChart({ registry, attachments, pin, into }, run),
  };
}

interface ChartFetch {
  readonly registry: ChartRegistry;
  readonly attachments: ChartAttachments;
  readonly pin: OciChartPin;
  readonly into: BlobStore;
}

/** Tells of the chart from its beginning to its end; what belongs to it is told as it comes. */
async function fetchChart(
  { registry, attachments, pin, into }: ChartFetch,
  outer: Run,
): Promise<ChartHolding> {
  const run = runOf(pin.id, outer);
  const repository = pin.id.slice(0, -pin.version.length - 1);
  const artifact = await readArtifact(registry, repository, pin.root, pin.id, run);
  const parts = uniqueByDigest([artifact.config, ...artifact.layers]);
  const bytes = totalSize([...parts, pin.root]);
  run.emit({ kind: 'item-started', item: pin.id, bytes });
  let reused = await into.has(pin.root, run);
  for (const blob of parts) {
    const stored = await registry.pull(repository, blob, into, run);
    if (stored.reused) run.emit({ kind: 'bytes', item: pin.id, bytes: blob.size, reused: true });
    reused &&= stored.reused;
  }
  const archive = await readVerified(artifact.archive, into.open(artifact.archive, run), { origin: 'depot' });
  requireNamed(await readChartArchive(archive, pin.id, run), pin, pin.id);
  const { digest } = await into.add(pin.root.mediaType, artifact.bytes, run);
  requireDigest(pin.root, digest, { origin: 'source', place: repository });
  run.emit({ kind: 'bytes', item: pin.id, bytes: pin.root.size, ...(reused && { reused }) });
  const attached = pin.attachments ?? [];
  const more = attached.length === 0 ? [] : await attachments.fetch(repository, attached, into, pin.id, run);
  run.emit({ kind: 'item-done', item: pin.id, outcome: reused ? 'reused' : 'done', bytes });
  return {
    kind: 'chart',
    pin,
    root: pin.root,
    blobs: uniqueByDigest<SizedDigest>([pin.root, ...parts, ...more]).map(sized),
    archive: artifact.archive,
    ...(attached.length > 0 && { attachments: attached }),
  };
}

/** The registry knows blobs; progress is told about the chart. */
function runOf(item: string, run: Run): Run {
  return { signal: run.signal, emit: (event) => run.emit('item' in event ? { ...event, item } : event) };
}

/** A tag cannot have a plus sign; Helm writes an underscore instead. */
function tagOf(version: string): string {
  return version.replaceAll('+', '_');
}

function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** An exact version is asked for directly: a registry may have a hundred thousand tags, or not let them be listed. */
async function chooseVersion(registry: ChartRegistry, wish: OciChartWish, run: Run): Promise<string> {
  if (isExactVersion(wish.version)) return wish.version;
  const versions = (await registry.tags(wish.ref, run)).map((tag) => tag.replaceAll('_', '+'));
  const chosen = newestVersion(versions, wish.version);
  if (chosen !== undefined) return chosen;
  throw new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: `oci://${wish.ref} has no version ${wish.version}`,
    hint: `there are: ${newest(versions)}`,
  });
}

interface ChartArtifact {
  readonly bytes: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly archive: Descriptor;
}

/** Reads and judges the manifest: an image manifest with Helm's config, one archive, at most one provenance. Throws `CONTENT_INVALID`. */
async function readArtifact(
  registry: ChartRegistry,
  repository: string,
  root: Descriptor,
  id: string,
  run: Run,
): Promise<ChartArtifact> {
  if (root.mediaType !== MEDIA_TYPES.ociManifest) throw refused(id, `it is a ${root.mediaType}`);
  if (root.size > LIMITS.manifest) throw refused(id, `its manifest has ${root.size} bytes`);
  const bytes = await registry.manifest(repository, root, run);
  requireDigest(root, digestOf(bytes), { origin: 'source', place: repository });
  const document = parseJson(bytes, `the manifest of ${id}`, { maxBytes: LIMITS.manifest, maxDepth: 32 }) as {
    config?: unknown;
    layers?: unknown;
  } | null;
  const config = toDescriptor(document?.config, id);
  if (config.mediaType !== MEDIA_TYPES.helmConfig)
    throw refused(id, `its config is a ${config.mediaType.slice(0, 200)}`);
  if (!Array.isArray(document?.layers) || document.layers.length > LIMITS.layers)
    throw refused(id, 'its layers are not a short list');
  const layers = document.layers.map((layer) => toDescriptor(layer, id));
  const archives = layers.filter(
    ({ mediaType }) => mediaType === MEDIA_TYPES.helmChart || mediaType === OLD_ARCHIVE_TYPE,
  );
  const [archive] = archives;
  if (archive === undefined || archives.length > 1)
    throw refused(id, `it has ${archives.length} chart archives`);
  requireSizes(config, archive, layers, id);
  return { bytes, config, layers, archive };
}

function requireSizes(
  config: Descriptor,
  archive: Descriptor,
  layers: readonly Descriptor[],
  id: string,
): void {
  const tooLarge = [
    config.size > LIMITS.config,
    archive.size > LIMITS.archive,
    ...layers.map((layer) => layer !== archive && layer.size > LIMITS.provenance),
  ];
  if (tooLarge.includes(true))
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      origin: 'source',
      message: `the chart ${id} is refused: a part of it is larger than a chart's parts may be`,
    });
}

function toDescriptor(value: unknown, id: string): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Record<string, unknown>;
  if (
    typeof mediaType === 'string' &&
    isDigest(digest) &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0
  )
    return { mediaType, digest, size };
  throw refused(id, 'its manifest has something else in the place of a descriptor');
}

function sized({ digest, size }: SizedDigest): SizedDigest {
  return { digest, size };
}

function refused(id: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${id} is not a Helm chart: ${why}`,
    hint: 'name an image as an image, or push the chart with `helm push`',
  });
}
