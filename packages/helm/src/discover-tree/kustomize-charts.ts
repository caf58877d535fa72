import type { ChartFinding, ChartPlace, FoundValues } from '@gapferry/core';
import { field, isFields, listAt, textAt, textsAt, type Value } from './fields.ts';
import { pathInTree } from './file-tree.ts';
import type { Kustomization } from './kustomization.ts';
import type { Reading } from './reading.ts';
import { refused } from './refusals.ts';

/** `helmCharts:` and the older `helmChartInflationGenerator:` as charts to be wished for. A chart that lies in `chartHome` is taken from there, as kustomize does. */
export function chartsOfKustomization(reading: Reading, kustomization: Kustomization): ChartFinding[] {
  const { all } = kustomization;
  const home = textAt(all, 'helmGlobals', 'chartHome') ?? 'charts';
  const old = listAt(all, 'helmChartInflationGenerator');
  return [
    ...listAt(all, 'helmCharts').map((chart, index) =>
      chartFinding(reading, kustomization, chart, home, `helmCharts[${index}]`),
    ),
    ...old.map((chart, index) =>
      chartFinding(
        reading,
        kustomization,
        renamed(chart),
        textAt(chart, 'chartHome') ?? home,
        `helmChartInflationGenerator[${index}]`,
      ),
    ),
  ];
}

function chartFinding(
  reading: Reading,
  kustomization: Kustomization,
  chart: Value,
  home: string,
  path: string,
): ChartFinding {
  const { all, file } = kustomization;
  const version = textAt(chart, 'version');
  const release = textAt(chart, 'releaseName');
  const namespace = textAt(chart, 'namespace') ?? textAt(all, 'namespace');
  const kubeVersion = textAt(chart, 'kubeVersion');
  const apiVersions = textsAt(chart, 'apiVersions');
  const values = valuesOf(reading, kustomization, chart);
  return {
    kind: 'chart',
    source: placeOf(reading, kustomization, chart, home),
    ...(version !== undefined && { version }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(values.length > 0 && { values }),
    ...(kubeVersion !== undefined && { kubeVersion }),
    ...(apiVersions.length > 0 && { apiVersions }),
    place: { file, path },
    confidence: 'certain',
  };
}

function placeOf(
  reading: Reading,
  { directory, file }: Kustomization,
  chart: Value,
  home: string,
): ChartPlace {
  const name = textAt(chart, 'name');
  if (name === undefined) throw refused(file, 'a chart has no name');
  const repo = textAt(chart, 'repo');
  const version = textAt(chart, 'version');
  const under =
    repo !== undefined && version !== undefined ? `${home}/${name}-${version}/${name}` : `${home}/${name}`;
  const local = pathInTree(directory, under, file);
  if (repo === undefined || reading.tree.read(`${local}/Chart.yaml`) !== undefined)
    return { from: 'tree', path: local };
  const url = repo.replace(/\/+$/, '');
  return url.startsWith('oci://')
    ? { from: 'oci', ref: `${url.slice('oci://'.length)}/${name}` }
    : { from: 'repository', url, name };
}

/** `valuesMerge` decides which of file and inline wins: `override` the inline ones, `merge` the file, `replace` leaves the file out. */
function valuesOf(reading: Reading, { directory, file }: Kustomization, chart: Value): FoundValues[] {
  const toFile = (path: string): FoundValues => {
    const found = pathInTree(directory, path, file);
    reading.used.add(found);
    return { from: 'tree', path: found };
  };
  const valuesFile = textAt(chart, 'valuesFile');
  const inline = field(chart, 'valuesInline');
  const mode = textAt(chart, 'valuesMerge') ?? 'override';
  const first =
    valuesFile === undefined || (mode === 'replace' && isFields(inline)) ? [] : [toFile(valuesFile)];
  const own: FoundValues[] = isFields(inline) ? [{ from: 'inline', content: JSON.stringify(inline) }] : [];
  const both = mode === 'merge' ? [...own, ...first] : [...first, ...own];
  return [...both, ...textsAt(chart, 'additionalValuesFiles').map(toFile)];
}

function renamed(chart: Value): Value {
  const names = {
    chartName: 'name',
    chartVersion: 'version',
    chartRepoUrl: 'repo',
    values: 'valuesFile',
    valuesLocal: 'valuesInline',
  };
  if (!isFields(chart)) return chart;
  const known = new Map(Object.entries(names));
  return Object.fromEntries(Object.entries(chart).map(([key, value]) => [known.get(key) ?? key, value]));
}
