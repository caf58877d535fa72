import {
  type Descriptor,
  type Digest,
  formatPlatform,
  GapferryError,
  hasLinks,
  isIndexType,
  type Platform,
  parsePlatform,
  type Run,
} from '@gapferry/core';
import type { ImageNode, LeafNode, ManifestNode } from './image-graph.ts';
import {
  type ImageDocument,
  type IndexDocument,
  type IndexEntry,
  parseManifestDocument,
  requireKnownType,
} from './manifest-document.ts';
import {
  type ChosenEntry,
  type ImageChoice,
  indexOf,
  isWanted,
  requirePlatforms,
  WHOLE_IMAGE,
} from './platform-choice.ts';
import { together } from './together.ts';

/** What the walk needs from outside. Both are verified by whoever gives them. */
export interface GraphReader {
  manifest(descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** The platform an image configuration names, undefined for other configurations. */
  platformOf(config: Descriptor, run: Run): Promise<Platform | undefined>;
}

/** Indexes below indexes, the root included. */
const DEEPEST_INDEX = 3;
/** Manifests and indexes of one image, and their bytes: they are held until all are known, so that children can be written before parents. */
const MOST_MANIFESTS = 1000;
const MOST_MANIFEST_BYTES = 64 << 20;

/** Reads the graph below `root` as far as the choice wants it, and computes the indexes that a choice changes. Never loads what is dropped by its index entry.
 *  Throws `PLATFORM_NOT_FOUND`, `LIMIT_EXCEEDED` (3 indexes deep, 1,000 manifests, 64 MiB of them), `CONTENT_INVALID` (an index that contains itself, a root that is neither image nor index). */
export async function loadImageGraph(
  root: Descriptor,
  choice: ImageChoice,
  reader: GraphReader,
  item: string,
  run: Run,
): Promise<ManifestNode> {
  const walk = startWalk(choice, reader, item);
  const node = await loadManifest(walk, { descriptor: root, above: [] }, run);
  requirePlatforms(choice.platforms, node.platforms, walk.offered, item);
  return node;
}

/** Reads whole graphs that belong together; the limits hold for all of them. */
export function loadGraphs(
  roots: readonly Descriptor[],
  reader: GraphReader,
  item: string,
  run: Run,
): Promise<ManifestNode[]> {
  const walk = startWalk(WHOLE_IMAGE, reader, item);
  return together(roots, run, (descriptor, inner) => loadManifest(walk, { descriptor, above: [] }, inner));
}

interface Walk {
  readonly choice: ImageChoice;
  readonly reader: GraphReader;
  readonly item: string;
  /** Every platform met, wanted or not. */
  readonly offered: Set<string>;
  readonly documents: Map<Digest, Promise<Uint8Array>>;
  bytes: number;
}

function startWalk(choice: ImageChoice, reader: GraphReader, item: string): Walk {
  return { choice, reader, item, offered: new Set(), documents: new Map(), bytes: 0 };
}

/** A node on its way: its descriptor, the indexes above it, and the platform that its index entry states. */
interface Step {
  readonly descriptor: Descriptor;
  readonly above: readonly Digest[];
  readonly platform?: Platform;
}

/** Of an unknown media type an index entry is kept as it is (image-spec, image-index.md: it must not be an error). */
async function loadNode(walk: Walk, step: Step, run: Run): Promise<ImageNode> {
  const { descriptor, platform } = step;
  if (hasLinks(descriptor.mediaType)) return loadManifest(walk, step, run);
  return { kind: 'opaque', descriptor, platforms: platform ? [formatPlatform(platform)] : [] };
}

async function loadManifest(walk: Walk, step: Step, run: Run): Promise<ManifestNode> {
  const { descriptor, above } = step;
  requireKnownType(descriptor.mediaType, `${walk.item} (${descriptor.digest})`);
  if (above.includes(descriptor.digest))
    throw refused(walk, 'CONTENT_INVALID', `its index ${descriptor.digest} contains itself`);
  if (isIndexType(descriptor.mediaType) && above.length >= DEEPEST_INDEX)
    throw refused(walk, 'LIMIT_EXCEEDED', `its indexes are nested deeper than ${DEEPEST_INDEX}`);
  const bytes = await readOnce(walk, descriptor, run);
  const document = parseManifestDocument(bytes, descriptor.mediaType, `${walk.item} (${descriptor.digest})`);
  if (document.kind === 'image') return loadLeaf(walk, step, bytes, document, run);
  const entries = await loadEntries(walk, document, [...above, descriptor.digest], run);
  return indexOf({ descriptor, bytes, document }, entries);
}

function readOnce(walk: Walk, descriptor: Descriptor, run: Run): Promise<Uint8Array> {
  const earlier = walk.documents.get(descriptor.digest);
  if (earlier !== undefined) return earlier;
  walk.bytes += descriptor.size;
  if (walk.documents.size >= MOST_MANIFESTS)
    throw refused(walk, 'LIMIT_EXCEEDED', `it has more than ${MOST_MANIFESTS} manifests`);
  if (walk.bytes > MOST_MANIFEST_BYTES)
    throw refused(walk, 'LIMIT_EXCEEDED', `its manifests have more than ${MOST_MANIFEST_BYTES} bytes`);
  const reading = walk.reader.manifest(descriptor, run);
  walk.documents.set(descriptor.digest, reading);
  return reading;
}

/** An index entry states its image's platform; where none does, the configuration is asked. */
async function loadLeaf(
  walk: Walk,
  step: Step,
  bytes: Uint8Array,
  document: ImageDocument,
  run: Run,
): Promise<LeafNode> {
  const platform = step.platform ?? (await walk.reader.platformOf(document.config, run));
  if (platform) walk.offered.add(formatPlatform(platform));
  return {
    kind: 'leaf',
    descriptor: step.descriptor,
    bytes,
    blobs: [document.config, ...document.layers],
    platforms: platform ? [formatPlatform(platform)] : [],
  };
}

/** Attestations are judged after the images they belong to, and what is dropped as one is not read. */
async function loadEntries(
  walk: Walk,
  document: IndexDocument,
  above: readonly Digest[],
  run: Run,
): Promise<ChosenEntry[]> {
  const { children } = document;
  const images = await together(children, run, async (entry, inner) =>
    entry.subject === undefined && !isDropped(walk, entry) ? loadEntry(walk, entry, above, inner) : undefined,
  );
  const kept = new Set(
    children.filter((_, at) => images[at] !== undefined).map(({ descriptor }) => descriptor.digest),
  );
  const isKept = (entry: IndexEntry): boolean =>
    entry.subject !== undefined &&
    !isDropped(walk, entry) &&
    (walk.choice.platforms === undefined || kept.has(entry.subject));
  const attached = await together(children, run, async (entry, inner) =>
    isKept(entry) ? loadNode(walk, { descriptor: entry.descriptor, above }, inner) : undefined,
  );
  return children.map((entry, at) => ({ entry, node: images[at] ?? attached[at] }));
}

function isDropped({ choice }: Walk, { isAttestation, subject }: IndexEntry): boolean {
  return choice.attestations === 'drop' && (isAttestation || subject !== undefined);
}

/** Undefined for an entry that nobody wants. What belongs to no platform is kept. */
async function loadEntry(
  walk: Walk,
  { descriptor, platform }: IndexEntry,
  above: readonly Digest[],
  run: Run,
): Promise<ImageNode | undefined> {
  if (platform) walk.offered.add(formatPlatform(platform));
  if (platform && !isWanted(walk.choice.platforms, platform)) return undefined;
  const node = await loadNode(walk, { descriptor, above, ...(platform && { platform }) }, run);
  const isEmptied = node.kind === 'index' && node.upstream !== undefined && node.children.length === 0;
  const isOther =
    node.kind === 'leaf' &&
    !node.platforms.every((served) => isWanted(walk.choice.platforms, parsePlatform(served)));
  return isEmptied || isOther ? undefined : node;
}

function refused({ item }: Walk, code: 'CONTENT_INVALID' | 'LIMIT_EXCEEDED', why: string): GapferryError {
  return new GapferryError({ code, message: `${item} is refused: ${why}`, origin: 'source', data: { item } });
}
