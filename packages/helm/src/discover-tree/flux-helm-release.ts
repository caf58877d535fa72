import type { ChartFinding, ChartPlace, FoundValues, ImageOverride } from '@gapferry/core';
import {
  type Fields,
  field,
  fieldsAt,
  isFields,
  isList,
  listAt,
  textAt,
  textsAt,
  type Value,
} from './fields.ts';
import { pathFrom } from './file-tree.ts';
import { artifactOf, chartIn, fluxSource } from './flux-sources.ts';
import { toOverride } from './kustomization.ts';
import {
  hasPlaceholder,
  type Leads,
  type LocatedObject,
  NOWHERE,
  placeOf,
  type Surroundings,
} from './located-object.ts';

/** The chart that a HelmRelease of Flux (`helm.toolkit.fluxcd.io`) installs, by `chart.spec` or `chartRef`, with its values. */
export function leadsOfHelmRelease(release: LocatedObject, surroundings: Surroundings): Leads {
  const { object } = release;
  const isReference = field(object, 'spec', 'chartRef') !== undefined;
  const path = isReference ? 'spec.chartRef' : 'spec.chart.spec';
  const chart = isReference
    ? referencedChart(release, surroundings)
    : templateChart(surroundings, object, field(object, 'spec', 'chart', 'spec'));
  if (typeof chart === 'string')
    return { ...NOWHERE, problems: [{ place: placeOf(release, path), message: chart }] };
  const { open, ...settings } = settingsOf(release, surroundings, chart.files);
  const isVague = hasPlaceholder([{ ...chart.source }, chart.version ?? '']);
  const finding: ChartFinding = {
    kind: 'chart',
    source: chart.source,
    ...(chart.version !== undefined && { version: chart.version }),
    ...settings,
    confidence: isVague ? 'possible' : open.length > 0 ? 'likely' : 'certain',
    ...(open.length > 0 && { open }),
    place: placeOf(release, path),
  };
  return { ...NOWHERE, references: [finding] };
}

interface Chart {
  readonly source: ChartPlace;
  readonly version?: string;
  readonly files: readonly FoundValues[];
}

/** Also the `spec` of a HelmChart. Text says why there is none. */
export function templateChart(
  surroundings: Surroundings,
  user: Fields,
  spec: Value | undefined,
): Chart | string {
  const name = textAt(spec, 'chart');
  const reference = field(spec, 'sourceRef');
  if (name === undefined) return 'it names no chart';
  const source = fluxSource(surroundings, reference, user);
  const called = `${textAt(reference, 'kind')} ${textAt(reference, 'name')}`;
  if (source === undefined) return `its source, ${called}, is not in the tree`;
  const place = chartIn(surroundings, source, name);
  if (place === undefined)
    return `its source, ${called}, cannot be carried: only HelmRepository and GitRepository are followed`;
  const version = textAt(spec, 'version');
  const isVersioned = place.from === 'oci' || place.from === 'repository';
  return {
    source: place,
    ...(isVersioned && version !== undefined && version !== '*' && { version }),
    files: textsAt(spec, 'valuesFiles')
      .flatMap((path) => valuesFile(place, path) ?? [])
      .flatMap((found) => whereOptional(found, spec, surroundings)),
  };
}

/** With `ignoreMissingValuesFiles` a file counts where there is one. */
function whereOptional(
  found: FoundValues,
  spec: Value | undefined,
  { reading }: Surroundings,
): FoundValues[] {
  if (field(spec, 'ignoreMissingValuesFiles') !== true) return [found];
  if (found.from === 'chart') return [{ ...found, optional: true }];
  return found.from === 'tree' && reading.tree.read(found.path) === undefined ? [] : [found];
}

/** Paths of values files begin at the chart in a HelmRepository, at the root of a repository in Git. */
function valuesFile(place: ChartPlace, path: string): FoundValues | undefined {
  const found = pathFrom('', path.replace(/^\/+/, ''));
  if (found === undefined) return undefined;
  if (place.from === 'tree') return { from: 'tree', path: found };
  return place.from === 'git' ? { ...place, path: found } : { from: 'chart', path: found };
}

function referencedChart(release: LocatedObject, surroundings: Surroundings): Chart | string {
  const reference = field(release.object, 'spec', 'chartRef');
  const source = fluxSource(surroundings, reference, release.object);
  if (source === undefined)
    return `its chart, ${textAt(reference, 'kind')} ${textAt(reference, 'name')}, is not in the tree`;
  if (source.object['kind'] === 'HelmChart')
    return templateChart(surroundings, source.object, field(source.object, 'spec'));
  if (source.object['kind'] !== 'OCIRepository') return `a ${String(source.object['kind'])} is no chart`;
  const { ref, tag, semver, digest } = artifactOf(source);
  const version = digest ?? semver ?? tag;
  return { source: { from: 'oci', ref }, ...(version !== undefined && { version }), files: [] };
}

/** Flux puts something in its place where the Kustomization around says so. */
const SUBSTITUTION = /(?:^|[^$])\$\{[A-Za-z_]/;

type Settings = Pick<ChartFinding, 'values' | 'release' | 'namespace' | 'images'>;

/** In Flux's order: the chart's values files, `valuesFrom`, `values`, and `valuesFrom` with a `targetPath` last. */
function settingsOf(
  { object, file }: LocatedObject,
  surroundings: Surroundings,
  files: readonly FoundValues[],
): Settings & { open: string[] } {
  const name = textAt(object, 'metadata', 'name');
  const target = textAt(object, 'spec', 'targetNamespace');
  const namespace = target ?? textAt(object, 'metadata', 'namespace');
  const release =
    textAt(object, 'spec', 'releaseName') ?? (target === undefined ? name : `${target}-${name}`);
  const inline = field(object, 'spec', 'values');
  const open: string[] = [];
  const from = listAt(object, 'spec', 'valuesFrom').flatMap((entry) => {
    const found = valuesFrom(surroundings, object, entry);
    if (typeof found !== 'string') return [found];
    open.push(found);
    return [];
  });
  const isParameter = ({ from: kind }: FoundValues): boolean => kind === 'parameter';
  const values: FoundValues[] = [
    ...files,
    ...from.filter((entry) => !isParameter(entry)),
    ...(isFields(inline) ? [{ from: 'inline' as const, content: JSON.stringify(inline) }] : []),
    ...from.filter(isParameter),
  ];
  const images = imagesAfter(object, file, open);
  if (SUBSTITUTION.test(JSON.stringify(inline) ?? ''))
    open.push('placeholders of a substitution are left in its values');
  return {
    ...(values.length > 0 && { values }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(images.length > 0 && { images }),
    open,
  };
}

/** Of `postRenderers` the `images` of kustomize; what else they do stays open. */
function imagesAfter(object: Fields, file: string, open: string[]): ImageOverride[] {
  const renderers = listAt(object, 'spec', 'postRenderers');
  const isMore = renderers.some((renderer) =>
    Object.entries(fieldsAt(renderer, 'kustomize')).some(
      ([member, value]) => member !== 'images' && isList(value) && value.length > 0,
    ),
  );
  if (isMore) open.push('its postRenderers may change images');
  return renderers.flatMap((renderer) =>
    listAt(renderer, 'kustomize', 'images').map((entry) => toOverride(entry, file)),
  );
}

/** A ConfigMap of the tree is read; what is in a Secret, or not in the tree, stays open. Text says what. */
function valuesFrom({ objects }: Surroundings, user: Fields, entry: Value): FoundValues | string {
  const [kind, name] = [textAt(entry, 'kind'), textAt(entry, 'name')];
  const key = textAt(entry, 'valuesKey') ?? 'values.yaml';
  if (kind !== 'ConfigMap') return `values of ${kind} ${name} are not looked at`;
  const namespace = textAt(user, 'metadata', 'namespace');
  const map = objects.get(`ConfigMap/${name}`)?.find(({ object }) => {
    const where = textAt(object, 'metadata', 'namespace');
    return where === namespace || where === undefined || namespace === undefined;
  });
  const content = textAt(map?.object, 'data', key);
  if (content === undefined) return `values of ConfigMap ${name}, key ${key}, are not in the tree`;
  const target = textAt(entry, 'targetPath');
  return target === undefined
    ? { from: 'inline', content }
    : { from: 'parameter', name: target, value: content.trim(), text: false };
}
