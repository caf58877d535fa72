import { join } from 'node:path';
import {
  canonicalJson,
  checkRun,
  type Descriptor,
  type Digest,
  isDigest,
  MEDIA_TYPES,
  parseJson,
  type Run,
} from '@gapferry/core';
import { type DepotPlace, layoutInvalid, readLimited, replaceFile, requireWritable } from './depot-place.ts';
import { createQueue } from './queue.ts';

/** A name for an image or a chart, and what it stands for. */
export interface NamedRoot {
  /** The full identity: `docker.io/library/nginx:1.27.3`. */
  readonly name: string;
  readonly root: Descriptor;
}

/** `index.json` of the depot: a convenience for tools that read OCI layouts (skopeo, crane, oras). It is not signed and decides nothing. */
export interface NameIndex {
  /** Adds names, or moves them to another root, and leaves every other entry as it is. Replaces the file in one step; the same names again write nothing. */
  nameItems(entries: readonly NamedRoot[], run: Run): Promise<void>;
  /** Removes names that stand at exactly these roots, in one step, and leaves every other entry as it is. What is gone already is fine. */
  dropNames(entries: readonly NamedRoot[], run: Run): Promise<void>;
  /** Named entries, sorted by name; entries that are not well-formed are left out. */
  names(): Promise<readonly NamedRoot[]>;
  /** What the other entries stand for. Throws `LAYOUT_INVALID` where one of them is no descriptor. */
  unnamed(): Promise<readonly Descriptor[]>;
}

/** OCI image-spec, annotations.md: the name skopeo and others select by. */
const REF_NAME = 'org.opencontainers.image.ref.name';
const LIMITS = { maxBytes: 64 << 20, maxDepth: 16 } as const;

export const EMPTY_INDEX: string = indexText({}, []);

type Entry = Readonly<Record<string, unknown>>;

export function createNameIndex(place: DepotPlace): NameIndex {
  const inOrder = createQueue();
  return {
    async nameItems(entries, run) {
      requireWritable(place);
      await inOrder(async () => {
        checkRun(run);
        const { index, manifests } = await readIndex(place);
        const text = indexText(index, merge(manifests, entries));
        if (text !== indexText(index, manifests)) await replaceIndex(place, text);
      });
    },
    async dropNames(entries, run) {
      requireWritable(place);
      const gone = new Map(entries.map(({ name, root }) => [name, root.digest]));
      await inOrder(async () => {
        checkRun(run);
        const { index, manifests } = await readIndex(place);
        const isGone = (entry: Entry): boolean => {
          const root = gone.get(nameOf(entry) ?? '');
          return root !== undefined && root === entry['digest'];
        };
        const kept = manifests.filter((entry) => !isGone(entry));
        if (kept.length < manifests.length) await replaceIndex(place, indexText(index, kept));
      });
    },
    async names() {
      const { manifests } = await readIndex(place);
      return manifests
        .map(toNamedRoot)
        .filter((entry) => entry !== undefined)
        .sort((a, b) => compare(a.name, b.name));
    },
    async unnamed() {
      const { manifests } = await readIndex(place);
      return manifests
        .filter((entry) => toNamedRoot(entry) === undefined)
        .map((entry) => requireRoot(place, entry));
    },
  };
}

/** Removes the entries whose root is not wanted any more. Not while names are written. */
export async function keepNames(place: DepotPlace, wanted: (root: Digest) => boolean): Promise<void> {
  const { index, manifests } = await readIndex(place);
  const kept = manifests.filter(({ digest }) => isDigest(digest) && wanted(digest));
  if (kept.length < manifests.length) await replaceIndex(place, indexText(index, kept));
}

export function replaceIndex(place: DepotPlace, text: string): Promise<void> {
  const temporary = join(place.directory, 'tmp', 'index.json');
  return replaceFile(place, join(place.directory, 'index.json'), temporary, Buffer.from(text));
}

/** The index as it is; an empty one when there is none. Throws `LAYOUT_INVALID`, `JSON_INVALID`, `LIMIT_EXCEEDED`. */
export async function readIndex(place: DepotPlace): Promise<{ index: Entry; manifests: readonly Entry[] }> {
  const path = join(place.directory, 'index.json');
  const bytes = await readLimited(place, path, LIMITS.maxBytes);
  if (bytes === undefined) return { index: {}, manifests: [] };
  const index = parseJson(bytes, path, LIMITS);
  if (!isObject(index) || index['schemaVersion'] !== 2)
    throw layoutInvalid(place, `${path} is not an OCI image index`);
  const manifests = index['manifests'] ?? [];
  if (!Array.isArray(manifests) || !manifests.every(isObject))
    throw layoutInvalid(place, `${path} has no list of manifests`);
  return { index, manifests };
}

function merge(manifests: readonly Entry[], added: readonly NamedRoot[]): readonly Entry[] {
  const byName = new Map(added.map((entry) => [entry.name, entry.root]));
  const kept = manifests.filter((entry) => !byName.has(nameOf(entry) ?? ''));
  const named = [...byName].map(([name, { mediaType, digest, size }]) => ({
    mediaType,
    digest,
    size,
    annotations: { [REF_NAME]: name },
  }));
  return [...kept, ...named].sort((a, b) => compare(nameOf(a) ?? '', nameOf(b) ?? ''));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function indexText(index: Entry, manifests: readonly Entry[]): string {
  return canonicalJson({ ...index, schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests });
}

function toNamedRoot(entry: Entry): NamedRoot | undefined {
  const [name, root] = [nameOf(entry), toRoot(entry)];
  return name === undefined || root === undefined ? undefined : { name, root };
}

function toRoot({ mediaType, digest, size }: Entry): Descriptor | undefined {
  if (typeof mediaType !== 'string' || !isDigest(digest)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return { mediaType, digest, size };
}

function requireRoot(place: DepotPlace, entry: Entry): Descriptor {
  const root = toRoot(entry);
  if (root !== undefined) return root;
  throw layoutInvalid(place, `${join(place.directory, 'index.json')} has an entry that is no descriptor`);
}

function nameOf(entry: Entry): string | undefined {
  const annotations = entry['annotations'];
  const name = isObject(annotations) ? annotations[REF_NAME] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
