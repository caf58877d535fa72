import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, MEDIA_TYPES } from '@gapferry/core';
import { readContent } from '../content/content.ts';
import { makeArtifact, type TestImage } from '../content/image.ts';
import { layerTar } from '../content/layer-tar.ts';

export interface ChartInput {
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly appVersion?: string;
  readonly description?: string;
  /** File name below `templates/` → text. */
  readonly templates?: Readonly<Record<string, string>>;
  /** Text of `values.yaml`. */
  readonly values?: string;
  readonly dependencies?: readonly ChartDependency[];
  /** Charts vendored below `charts/`, as archives. */
  readonly subcharts?: readonly TestChart[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Further files, by path below the chart. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

export interface ChartDependency {
  readonly name: string;
  readonly version: string;
  /** URL of a classic repository or `oci://…`. */
  readonly repository: string;
}

export interface TestChart {
  readonly name: string;
  readonly version: string;
  /** Members of Chart.yaml; JSON is YAML, so the file is written as JSON. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The `.tgz`. */
  readonly archive: Uint8Array;
  /** Of the archive. */
  readonly digest: Digest;
  /** `name-version.tgz`. */
  readonly fileName: string;
}

const SERVICE = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
data:
  version: {{ .Chart.Version | quote }}
`;

/** Packs a chart (Helm chart apiVersion v2) as `helm package` lays it out; the same input gives the same bytes. */
export async function makeChart(input: ChartInput): Promise<TestChart> {
  const { name, version } = input;
  const metadata = chartMetadata(input);
  const files: Record<string, string | Uint8Array> = {
    'Chart.yaml': `${JSON.stringify(metadata, null, 2)}\n`,
    'values.yaml': input.values ?? '{}\n',
    ...prefixed('templates/', input.templates ?? { 'config-map.yaml': SERVICE }),
    ...prefixed('charts/', Object.fromEntries((input.subcharts ?? []).map((c) => [c.fileName, c.archive]))),
    ...input.files,
  };
  const entries = Object.entries(files).map(([path, content]) => ({ path: `${name}/${path}`, content }));
  const archive = gzipSync(await readContent(await layerTar(entries)));
  return { name, version, metadata, archive, digest: digestOf(archive), fileName: `${name}-${version}.tgz` };
}

/** The OCI artifact that `helm push` makes of a chart, for a registry. */
export function chartArtifact(chart: TestChart): TestImage {
  return makeArtifact({
    configType: MEDIA_TYPES.helmConfig,
    config: JSON.stringify(chart.metadata),
    layers: [{ mediaType: MEDIA_TYPES.helmChart, bytes: chart.archive }],
    annotations: {
      'org.opencontainers.image.title': chart.name,
      'org.opencontainers.image.version': chart.version,
    },
  });
}

function chartMetadata(input: ChartInput): Record<string, unknown> {
  return {
    apiVersion: 'v2',
    name: input.name,
    version: input.version,
    type: 'application',
    description: input.description ?? `The chart ${input.name}`,
    ...(input.appVersion !== undefined && { appVersion: input.appVersion }),
    ...(input.dependencies && { dependencies: input.dependencies }),
    ...(input.annotations && { annotations: input.annotations }),
  };
}

function prefixed<V>(prefix: string, files: Readonly<Record<string, V>>): Record<string, V> {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [prefix + path, content]));
}
