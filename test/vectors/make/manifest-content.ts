import { digest } from './openssl.ts';

/** A manifest as loose as a hostile one. */
export interface LooseManifest {
  [name: string]: unknown;
  blobs: LooseBlob[];
  items: LooseItem[];
}
export interface LooseBlob {
  [name: string]: unknown;
  digest: string;
  size: unknown;
}
export interface LooseItem {
  [name: string]: unknown;
  kind: string;
  id: string;
  blobs: string[];
}

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCTETS = 'application/octet-stream';
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** Stand-ins for content: their text is their bytes, so that anybody can check the digests with sha256sum. */
const NAMES = [
  'index',
  'manifest',
  'config',
  'layer',
  'chart-manifest',
  'chart-config',
  'chart-archive',
  'file',
] as const;
type Name = (typeof NAMES)[number];

const blobs = new Map<Name, { digest: string; size: number }>(
  NAMES.map((name) => [name, { digest: digest(`content of ${name}`), size: `content of ${name}`.length }]),
);

export function blobOf(name: Name): { digest: string; size: number } {
  const blob = blobs.get(name);
  if (blob === undefined) throw new Error(`no content ${name}`);
  return { ...blob };
}

export function descriptorOf(
  name: Name,
  mediaType: string,
): { mediaType: string; digest: string; size: number } {
  return { mediaType, ...blobOf(name) };
}

/** One item of every kind: a multi-platform image, a chart, a repository, a file. */
export function wholeManifest(): LooseManifest {
  return {
    format: 'gapferry.manifest/1',
    bundle: 'line-a',
    version: '1.4.0',
    platforms: ['linux/amd64', 'linux/arm64'],
    blobs: sortedBlobs(NAMES.map(blobOf)),
    items: [chartItem(), fileItem(), gitItem(), imageItem()],
  };
}

export function imageItem(): LooseItem {
  return {
    kind: 'image',
    id: 'docker.io/library/nginx:1.27.3',
    blobs: digestsOf('index', 'manifest', 'config', 'layer'),
    root: descriptorOf('index', OCI_INDEX),
    platforms: ['linux/amd64', 'linux/arm64'],
    upstream: blobOf('index').digest,
  };
}

export function chartItem(): LooseItem {
  return {
    kind: 'chart',
    id: 'charts.example.org/stable/nginx:4.11.3',
    blobs: digestsOf('chart-manifest', 'chart-config', 'chart-archive'),
    root: descriptorOf('chart-manifest', OCI_MANIFEST),
    name: 'nginx',
    version: '4.11.3',
    source: 'https://charts.example.org/stable/nginx-4.11.3.tgz',
    archive: descriptorOf('chart-archive', CHART_LAYER),
  };
}

export function gitItem(): LooseItem {
  return {
    kind: 'git',
    id: 'git.example.org/ops/config',
    blobs: [],
    source: 'https://git.example.org/ops/config.git',
    objectFormat: 'sha1',
    refs: [
      { name: 'refs/heads/main', oid: '1f6f4f1a5b4a7c1b7f6f6f0f9c6f0a6b0c1d2e3f' },
      { name: 'refs/tags/v1.0', oid: '2e3d4c5b6a79880716253443526170ffeeddccbb' },
    ],
    head: 'refs/heads/main',
  };
}

export function fileItem(): LooseItem {
  return {
    kind: 'file',
    id: 'k3s/v1.31.2/k3s',
    blobs: digestsOf('file'),
    root: descriptorOf('file', OCTETS),
    source: 'https://files.example.org/k3s',
    checked: ['given-sha256'],
  };
}

/** Only a file: the smallest manifest that names something. */
export function fileManifest(change: (item: LooseItem) => void = () => {}): LooseManifest {
  const item = fileItem();
  change(item);
  return { ...wholeManifest(), platforms: [], blobs: [blobOf('file')], items: [item] };
}

export function sortedBlobs<B extends { digest: string }>(list: readonly B[]): B[] {
  return [...list].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function digestsOf(...names: readonly Name[]): string[] {
  return names.map((name) => blobOf(name).digest).sort();
}
