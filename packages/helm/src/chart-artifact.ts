import {
  type BlobStore,
  type ChartHolding,
  type Descriptor,
  MEDIA_TYPES,
  type Run,
  uniqueByDigest,
} from '@gapferry/core';
import type { ChartMetadata } from './chart-metadata.ts';
import { goJson } from './go-json.ts';

/** `helm push` writes the time at which the archive was last changed; a fixed one makes the artifact reproducible. It is what `helm push` gives for an archive of that date. */
const CREATED = '1970-01-01T00:00:00Z';

const ANNOTATION = 'org.opencontainers.image.';

/** Stores the OCI artifact that `helm push` (Helm 3.18) makes of a chart archive, byte for byte: config, archive, provenance where there is one, manifest. */
export async function storeChartArtifact(
  chart: { readonly metadata: ChartMetadata; readonly archive: Uint8Array; readonly provenance?: Uint8Array },
  into: BlobStore,
  run: Run,
): Promise<Pick<ChartHolding, 'root' | 'blobs' | 'archive'>> {
  const archive = await into.add(MEDIA_TYPES.helmChart, chart.archive, run);
  const config = await into.add(MEDIA_TYPES.helmConfig, Buffer.from(chart.metadata.json), run);
  const provenance =
    chart.provenance === undefined ? [] : [await into.add(MEDIA_TYPES.helmProvenance, chart.provenance, run)];
  const layers = [archive, ...provenance].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const manifest = goJson({
    schemaVersion: 2,
    config: described(config),
    layers: layers.map(described),
    annotations: chartAnnotations(chart.metadata),
  });
  const root = await into.add(MEDIA_TYPES.ociManifest, Buffer.from(manifest), run);
  const blobs = uniqueByDigest([root, config, ...layers]).map(({ digest, size }) => ({ digest, size }));
  return { root, blobs, archive };
}

/** The fields of a descriptor in Go's order. */
function described({ mediaType, digest, size }: Descriptor): {
  mediaType: string;
  digest: string;
  size: number;
} {
  return { mediaType, digest, size };
}

/** Helm's annotations (`pkg/registry/util.go`): from the chart's fields, then the chart's own, which may replace all but title and version. Sorted, as Go writes maps. */
function chartAnnotations(metadata: ChartMetadata): ReadonlyMap<string, string> {
  const annotations = new Map<string, string>();
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value.trim() !== '') annotations.set(ANNOTATION + name, value);
  };
  add('description', metadata.description);
  add('title', metadata.name);
  add('version', metadata.version);
  add('url', metadata.home);
  add('created', CREATED);
  add('source', metadata.sources[0]);
  add(
    'authors',
    metadata.maintainers.map(({ name, email }) => (email === '' ? name : `${name} (${email})`)).join(', '),
  );
  for (const [key, value] of metadata.annotations)
    if (key !== `${ANNOTATION}title` && key !== `${ANNOTATION}version`) annotations.set(key, value);
  return annotations;
}
