import type { ChartFinding, ChartPlace, FoundValues } from '@gapferry/core';
import { directoryOf } from './file-tree.ts';
import { parameterValues } from './parameter-values.ts';

/** A chart with all its values in line, or in files of its own: nobody needs the tree any more that names it. What lies elsewhere, and parameters that cannot be written as values, are open: the
 *  chart is at most likely then. A chart of the tree itself keeps naming files of the tree. `read` gives a file of the tree. */
export function selfContained(
  chart: ChartFinding,
  read: (path: string) => Uint8Array | undefined,
): ChartFinding {
  const told = (chart.values ?? []).map((found) => containedValues(found, chart.source, read));
  const open = told.filter((one) => typeof one === 'string');
  const { values: _, ...rest } = chart;
  const values = told.filter((one) => typeof one !== 'string');
  return {
    ...rest,
    ...(values.length > 0 && { values }),
    ...(open.length > 0 && {
      open: [...(chart.open ?? []), ...open],
      confidence: chart.confidence === 'certain' ? 'likely' : chart.confidence,
    }),
  };
}

/** Text says what is open. */
function containedValues(
  found: FoundValues,
  chart: ChartPlace,
  read: (path: string) => Uint8Array | undefined,
): FoundValues | string {
  switch (found.from) {
    case 'inline':
    case 'chart':
      return found;
    case 'parameter': {
      const content = parameterValues(found);
      return content === undefined
        ? `its parameter ${found.name} is not applied`
        : { from: 'inline', content };
    }
    case 'tree': {
      if (chart.from === 'tree') return found;
      const content = read(found.path);
      return content === undefined
        ? `its values file ${found.path} is not in the tree`
        : { from: 'inline', content: textOf(content) };
    }
    case 'git':
      return isOfChart(found, chart)
        ? { from: 'chart', path: pathBetween(chart.path, found.path) }
        : `its values file ${found.path} lies in ${plainAddress(found.url)}`;
    case 'url':
      return `its values file lies at ${plainAddress(found.url)}`;
  }
}

type GitPlace = Extract<ChartPlace, { readonly from: 'git' }>;

function isOfChart(
  found: Extract<FoundValues, { readonly from: 'git' }>,
  chart: ChartPlace,
): chart is GitPlace {
  return (
    chart.from === 'git' &&
    chart.url === found.url &&
    chart.revision?.as === found.revision?.as &&
    chart.revision?.text === found.revision?.text
  );
}

/** From a directory to a file, both from the root. */
function pathBetween(directory: string, file: string): string {
  const from = directory.split('/').filter((part) => part !== '' && part !== '.');
  const to = directoryOf(file)
    .split('/')
    .filter((part) => part !== '');
  const differs = from.findIndex((part, depth) => part !== to[depth]);
  const shared = differs < 0 ? from.length : differs;
  const name = file.slice(file.lastIndexOf('/') + 1);
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared), name].join('/');
}

/** Without what may be a secret. */
function plainAddress(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1').replace(/[?#].*$/s, '');
}

function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
