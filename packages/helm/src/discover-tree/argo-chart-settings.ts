import type { ChartFinding, ChartPlace, FoundValues } from '@gapferry/core';
import { revisionOf, type SourceContext } from './argo-source.ts';
import { field, isFields, listAt, textAt, textsAt, type Value } from './fields.ts';
import { pathFrom } from './file-tree.ts';
import { hasPlaceholder } from './located-object.ts';
import { isThisTree } from './tree-identity.ts';

type Settings = Pick<ChartFinding, 'values' | 'release' | 'namespace' | 'kubeVersion' | 'apiVersions'>;

/** What an Application says about rendering its chart. Values win in Argo CD's order: files, `values` or `valuesObject`, parameters. */
export function argoChartSettings(
  context: SourceContext,
  chart: ChartPlace,
): Settings & { readonly open: readonly string[] } {
  const { application, source } = context;
  const { object } = application;
  const release = textAt(source, 'helm', 'releaseName') ?? textAt(object, 'metadata', 'name');
  const namespace = textAt(source, 'helm', 'namespace') ?? textAt(object, 'spec', 'destination', 'namespace');
  const kubeVersion = textAt(source, 'helm', 'kubeVersion');
  const apiVersions = textsAt(source, 'helm', 'apiVersions');
  const open: string[] = [];
  const files = textsAt(source, 'helm', 'valueFiles').flatMap((path) => {
    const found = valueFile(context, chart, path);
    if (found === undefined) open.push(`its values file ${path} is not to be found`);
    return found === undefined ? [] : whereOptional(found, context);
  });
  const words = [field(source, 'helm') ?? null, release ?? '', namespace ?? ''];
  // In an Application itself they are the chart's, for its own templates.
  if (application.as !== undefined && hasPlaceholder(words))
    open.push('placeholders of its ApplicationSet are left in what it is installed with');
  if (listAt(source, 'helm', 'fileParameters').length > 0) open.push('its fileParameters are not read');
  const values = [...files, ...inlineValues(source), ...parameters(source)];
  return {
    ...(values.length > 0 && { values }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(kubeVersion !== undefined && { kubeVersion }),
    ...(apiVersions.length > 0 && { apiVersions }),
    open,
  };
}

function valueFile(context: SourceContext, chart: ChartPlace, path: string): FoundValues | undefined {
  if (/^https?:\/\//i.test(path)) return { from: 'url', url: path };
  const [, name, rest] = /^\$([^/]+)\/(.+)$/.exec(path) ?? [];
  if (name !== undefined && rest !== undefined) return valueFileOf(context, name, rest);
  const directory = chart.from === 'git' || chart.from === 'tree' ? chart.path : '';
  // A path that begins with a slash is one of the repository.
  const found = path.startsWith('/') ? pathFrom('', path.slice(1)) : pathFrom(directory, path);
  if (found === undefined) return undefined;
  if (chart.from === 'tree') return { from: 'tree', path: found };
  if (chart.from === 'git') return { ...chart, path: found };
  return { from: 'chart', path: found };
}

/** With `ignoreMissingValueFiles` a file counts where there is one. */
function whereOptional(found: FoundValues, { source, surroundings }: SourceContext): FoundValues[] {
  if (field(source, 'helm', 'ignoreMissingValueFiles') !== true) return [found];
  if (found.from === 'chart') return [{ ...found, optional: true }];
  const isMissing = found.from === 'tree' && surroundings.reading.tree.read(found.path) === undefined;
  return isMissing ? [] : [found];
}

/** `$name/path`: a file of the source that has `ref: name`. */
function valueFileOf(
  { sources, surroundings }: SourceContext,
  name: string,
  path: string,
): FoundValues | undefined {
  const source = sources.find((candidate) => textAt(candidate, 'ref') === name);
  const url = textAt(source, 'repoURL');
  const found = pathFrom('', path);
  if (url === undefined || found === undefined || source === undefined) return undefined;
  if (isThisTree(surroundings.identity, url, textAt(source, 'targetRevision')))
    return surroundings.reading.tree.read(found) === undefined ? undefined : { from: 'tree', path: found };
  return { from: 'git', url, ...revisionOf(source), path: found };
}

/** `valuesObject` takes the place of `values`. */
function inlineValues(source: Value): FoundValues[] {
  const object = field(source, 'helm', 'valuesObject');
  if (isFields(object)) return [{ from: 'inline', content: JSON.stringify(object) }];
  const text = textAt(source, 'helm', 'values');
  return text === undefined ? [] : [{ from: 'inline', content: text }];
}

function parameters(source: Value): FoundValues[] {
  return listAt(source, 'helm', 'parameters').flatMap((parameter) => {
    const name = textAt(parameter, 'name');
    const value = field(parameter, 'value');
    if (name === undefined) return [];
    const text = field(parameter, 'forceString') === true;
    return [{ from: 'parameter' as const, name, value: value === undefined ? '' : String(value), text }];
  });
}
