import type { Digest, SizedDigest } from '@gapferry/core';
import { add, type Loose, type SimulatedRelease } from './simulated-release.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export interface Attaching {
  /** The manifest it is about; the item's root unless told otherwise. */
  readonly subject?: Digest;
  /** Found under cosign's tag with this ending, and its manifest names no subject. */
  readonly tag?: 'sig' | 'att' | 'sbom';
  /** What it says; makes its bytes its own. */
  readonly text?: string;
  /** Bends its manifest. */
  readonly bend?: (manifest: Loose) => Loose;
}

/** Attaches something honest to an image or chart of a release, unless told otherwise. Returns its entry in `attachments`, for tests to bend. */
export function attach(release: SimulatedRelease, id: string, attaching: Attaching = {}): Loose {
  const item = itemOf(release, id);
  const { tag, text = 'something about it' } = attaching;
  const subject = attaching.subject ?? item.root.digest;
  const config = add(release.blobs, '{}');
  const layer = add(release.blobs, text);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: 'application/spdx+json',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...config },
    layers: [{ mediaType: 'application/spdx+json', ...layer }],
    ...(tag === undefined && { subject: { mediaType: OCI_MANIFEST, digest: subject, size: 1 } }),
  };
  const root = add(release.blobs, JSON.stringify(attaching.bend?.(manifest) ?? manifest));
  const entry = {
    subject,
    root: { mediaType: OCI_MANIFEST, ...root },
    artifactType: 'application/spdx+json',
    ...(tag !== undefined && { tag: `${subject.replace(':', '-')}.${tag}` }),
  };
  item.attachments = [...(item.attachments ?? []), entry].sort(byEntry);
  list(release, item, [root, layer, config]);
  return entry;
}

/** Makes an image a filtered index: upstream's has it under `linux/amd64` and something that did not come along. Returns the upstream index. `bend` changes the filtered one. */
export function filterIndex(
  release: SimulatedRelease,
  id: string,
  bend: (index: Loose) => Loose = (index) => index,
): SizedDigest {
  const item = itemOf(release, id);
  const child = { ...item.root, platform: { architecture: 'amd64', os: 'linux' } };
  const other = {
    ...child,
    digest: `sha256:${'0'.repeat(64)}`,
    platform: { architecture: 'arm64', os: 'linux' },
  };
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [child, other],
    annotations: { by: 'upstream' },
  };
  const upstream = add(release.blobs, JSON.stringify(index));
  const root = add(release.blobs, JSON.stringify(bend({ ...index, manifests: [child] })));
  item.root = { mediaType: OCI_INDEX, ...root };
  item.upstream = upstream.digest;
  item.upstreamIndex = { mediaType: OCI_INDEX, ...upstream };
  list(release, item, [root, upstream]);
  return upstream;
}

/** The blobs are the item's and the release's. */
export function list(release: SimulatedRelease, item: Loose, blobs: readonly SizedDigest[]): void {
  item.blobs = [...new Set([...item.blobs, ...blobs.map(({ digest }) => digest)])].sort();
  const table: SizedDigest[] = release.manifest.blobs;
  const all = new Map([...table, ...blobs].map(({ digest, size }) => [digest, { digest, size }]));
  release.manifest.blobs = [...all.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

export function itemOf(release: SimulatedRelease, id: string): Loose {
  return release.manifest.items.find((item: Loose) => item.id === id);
}

function byEntry(a: Loose, b: Loose): number {
  const key = ({ subject, root, tag = '' }: Loose): string => `${subject} ${root.digest} ${tag}`;
  return key(a) < key(b) ? -1 : 1;
}
