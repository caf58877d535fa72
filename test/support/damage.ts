import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the bytes of each class of a release lie on a medium, relative to it, with the item that must be named when they are damaged. */
export interface Place {
  readonly what: string;
  readonly path: string;
  /** Undefined for the release's own files. */
  readonly item?: string;
}

interface Stored {
  readonly digest: string;
}
interface Item {
  readonly kind: string;
  readonly id: string;
  readonly root: Stored;
  readonly archive: Stored;
}
interface ImageManifest {
  readonly manifests: readonly [Stored];
  readonly config: Stored;
  readonly layers: readonly [Stored];
}

/** One place of every class of a release that has one of everything. */
export async function placesOf(medium: string, release: string): Promise<Place[]> {
  const read = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(medium, path), 'utf8'));
  const blob = ({ digest }: Stored): string => `blobs/sha256/${digest.slice(7)}`;
  const { items } = (await read(`${release}/manifest.json`)) as { items: Item[] };
  const packs = (await read(`${release}/packs.json`)) as { items: Array<{ packs: [Stored] }> };
  const image = itemOf(items, 'image');
  const index = (await read(blob(image.root))) as ImageManifest;
  const child = (await read(blob(index.manifests[0]))) as ImageManifest;
  const chart = itemOf(items, 'chart');
  const file = itemOf(items, 'file');
  const git = itemOf(items, 'git');
  const named = (what: string, { kind, id }: Item, stored: Stored): Place => ({
    what,
    path: blob(stored),
    item: `${kind} ${id}`,
  });
  return [
    named('an image layer', image, child.layers[0]),
    named('an image configuration', image, child.config),
    named('an image manifest', image, index.manifests[0]),
    named('an image index', image, image.root),
    named('a chart archive', chart, chart.archive),
    named('a Git pack', git, packs.items[0]?.packs[0] ?? { digest: '' }),
    named('a file', file, file.root),
    { what: 'manifest.json', path: `${release}/manifest.json` },
    { what: 'packs.json', path: `${release}/packs.json` },
    { what: 'release.sigstore.json', path: `${release}/release.sigstore.json` },
  ];
}

function itemOf(items: readonly Item[], kind: string): Item {
  const item = items.find((candidate) => candidate.kind === kind);
  if (item === undefined) throw new Error(`the release has no ${kind}`);
  return item;
}

interface Envelope {
  payload: string;
  signatures: Array<{ sig: string }>;
}

/** Rewrites the signed envelope of a release: well-formed JSON, other content. */
export async function rewriteEnvelope(file: string, change: (envelope: Envelope) => void): Promise<void> {
  const bundle = JSON.parse(await readFile(file, 'utf8')) as { dsseEnvelope: Envelope };
  change(bundle.dsseEnvelope);
  await writeFile(file, JSON.stringify(bundle));
}

/** Base64 with one bit of one byte flipped, so that the form is right and the content is not. */
export function flippedBase64(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return bytes.toString('base64');
}
