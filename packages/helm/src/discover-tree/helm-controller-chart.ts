import type { ChartFinding, ChartPlace, FoundValues } from '@gapferry/core';
import { type Fields, field, fieldsAt, listAt, textAt } from './fields.ts';
import {
  hasPlaceholder,
  type Leads,
  type LocatedObject,
  NOWHERE,
  placeOf,
  type Surroundings,
} from './located-object.ts';

/** The chart that a HelmChart of the controller in k3s and RKE2 (`helm.cattle.io`) installs, with its values and those of the HelmChartConfig of its name (github.com/k3s-io/helm-controller). */
export function leadsOfControllerChart(chart: LocatedObject, surroundings: Surroundings): Leads {
  const { object } = chart;
  const source = sourceOf(object);
  if (typeof source === 'string')
    return { ...NOWHERE, problems: [{ place: placeOf(chart, 'spec'), message: source }] };
  const [name, version] = [textAt(object, 'metadata', 'name'), textAt(object, 'spec', 'version')];
  const namespace = textAt(object, 'spec', 'targetNamespace') ?? textAt(object, 'metadata', 'namespace');
  const config = surroundings.objects.get(`HelmChartConfig/${name}`)?.[0]?.object;
  const both = [object, ...(config === undefined ? [] : [config])];
  const values = [...both.flatMap(valuesOf), ...parametersOf(object)];
  const open = both
    .flatMap((one) => listAt(one, 'spec', 'valuesSecrets'))
    .map((secret) => `values of Secret ${textAt(secret, 'name')} are not looked at`);
  const finding: ChartFinding = {
    kind: 'chart',
    source,
    ...(version !== undefined && { version }),
    ...(values.length > 0 && { values }),
    ...(name !== undefined && { release: name }),
    ...(namespace !== undefined && { namespace }),
    confidence: hasPlaceholder([{ ...source }, version ?? ''])
      ? 'possible'
      : open.length > 0
        ? 'likely'
        : 'certain',
    ...(open.length > 0 && { open }),
    place: placeOf(chart, 'spec'),
  };
  return { ...NOWHERE, references: [finding] };
}

/** Text says why there is none. */
function sourceOf(object: Fields): ChartPlace | string {
  if (textAt(object, 'spec', 'chartContent') !== undefined)
    return 'its chart stands in it: its images are not looked for';
  const [name, url] = [textAt(object, 'spec', 'chart'), textAt(object, 'spec', 'repo')];
  if (name === undefined) return 'it names no chart';
  if (name.startsWith('oci://')) return { from: 'oci', ref: name.slice('oci://'.length) };
  if (name.includes('://')) return `its chart is the archive ${name}: its images are not looked for`;
  if (url === undefined) return `nothing says where its chart ${name} is`;
  return { from: 'repository', url: url.replace(/\/+$/, ''), name };
}

function valuesOf(object: Fields): FoundValues[] {
  const text = textAt(object, 'spec', 'valuesContent');
  const values = field(object, 'spec', 'values');
  return [
    ...(text === undefined ? [] : [{ from: 'inline', content: text } as const]),
    ...(values === undefined || values === null
      ? []
      : [{ from: 'inline', content: JSON.stringify(values) } as const]),
  ];
}

function parametersOf(object: Fields): FoundValues[] {
  return Object.entries(fieldsAt(object, 'spec', 'set')).map(
    ([name, value]): FoundValues => ({ from: 'parameter', name, value: String(value), text: false }),
  );
}
