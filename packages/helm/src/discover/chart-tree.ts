import { GapferryError } from '@gapferry/core';
import { textOf as goText, isTree, parseGoYaml, type YamlTree } from '../go-yaml.ts';
import { memberPath } from './member-path.ts';
import { isMap, memberOf, parseYamlTree, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** Files of an archive by their paths, the chart's directory in front. */
export type ChartFiles = ReadonlyMap<string, Uint8Array>;

/** A chart, or a subchart as one of its parent's dependencies: an alias is a chart of its own. */
export interface ChartNode {
  /** In the archive: `historian/charts/redis`. */
  readonly directory: string;
  /** As `# Source:` comments name it, with the alias: `historian/charts/cache`. */
  readonly rendered: string;
  readonly appVersion: string | undefined;
  /** Of Chart.yaml. */
  readonly annotations: YamlMap;
  /** What says something about the chart's values: its own values.yaml first, then those of the charts around it, the outermost last. */
  readonly layers: readonly ValuesLayer[];
  /** Members of its values that belong to subcharts. */
  readonly subcharts: ReadonlySet<string>;
}

export interface ValuesLayer {
  readonly file: string;
  /** Where the chart's values begin in that file: `cache`. */
  readonly path: string;
  readonly values: YamlNode;
}

const MOST_CHARTS = 1_000;
const DEEPEST = 20;

/** The chart and all its subcharts, parents first. Throws `CONTENT_INVALID` for what Helm would not load, and `LIMIT_EXCEEDED`. */
export function chartTree(files: ChartFiles): ChartNode[] {
  const root = [...files.keys()].filter((path) => /^[^/]+\/Chart\.yaml$/.test(path)).sort()[0];
  const nodes: ChartNode[] = [];
  if (root !== undefined) addChart(directoryOf(root), directoryOf(root), [], { files, nodes });
  return nodes;
}

interface Reading {
  readonly files: ChartFiles;
  readonly nodes: ChartNode[];
}

function addChart(
  directory: string,
  rendered: string,
  around: readonly ValuesLayer[],
  { files, nodes }: Reading,
): void {
  if (nodes.length >= MOST_CHARTS || rendered.split('/charts/').length > DEEPEST) throw tooMany(directory);
  const chart = readChart(files, `${directory}/Chart.yaml`);
  const layers = [ownValues(files, directory), ...around];
  const children = subchartsOf(directory, chart, files);
  nodes.push({
    directory,
    rendered,
    appVersion: textIn(chart, 'appVersion'),
    annotations: annotationsOf(chart),
    layers,
    subcharts: new Set(children.map(({ name }) => name)),
  });
  for (const child of children) {
    const inner = layers.flatMap((layer) => layerOf(layer, child.name));
    addChart(child.directory, `${rendered}/charts/${child.name}`, inner, { files, nodes });
  }
}

function ownValues(files: ChartFiles, directory: string): ValuesLayer {
  const file = `${directory}/values.yaml`;
  return { file, path: '', values: parseYamlTree(decode(files.get(file)), { file }) };
}

/** What a chart's values say about a subchart: its own member, and `global`, which all share. */
function layerOf({ file, path, values }: ValuesLayer, name: string): ValuesLayer[] {
  const [inner, global] = [memberOf(values, name), memberOf(values, 'global')];
  return [
    ...(isMap(inner) ? [{ file, path: memberPath(path, name), values: inner }] : []),
    ...(isMap(global) ? [{ file, path, values: { global } }] : []),
  ];
}

/** Every directory of charts/, once for each dependency that names its chart. */
function subchartsOf(
  directory: string,
  chart: YamlTree,
  files: ChartFiles,
): Array<{ directory: string; name: string }> {
  const dependencies = [
    ...dependenciesIn(chart),
    ...dependenciesIn(readChart(files, `${directory}/requirements.yaml`)),
  ];
  const below = [...files.keys()].filter(
    (path) =>
      path.startsWith(`${directory}/charts/`) &&
      /^[^/]+\/Chart\.yaml$/.test(path.slice(`${directory}/charts/`.length)),
  );
  return below.sort().flatMap((path) => {
    const name = textIn(readChart(files, path), 'name') ?? directoryOf(path).split('/').at(-1) ?? '';
    const named = dependencies.filter((dependency) => dependency.name === name);
    const names = named.length === 0 ? [name] : named.map(({ alias }) => alias ?? name);
    return [...new Set(names)].map((each) => ({ directory: directoryOf(path), name: each }));
  });
}

function dependenciesIn(chart: YamlTree): Array<{ name: string | undefined; alias: string | undefined }> {
  const list = isTree(chart) && Object.hasOwn(chart, 'dependencies') ? chart['dependencies'] : undefined;
  return Array.isArray(list)
    ? list.map((entry: YamlTree) => ({ name: textIn(entry, 'name'), alias: textIn(entry, 'alias') }))
    : [];
}

function annotationsOf(chart: YamlTree): YamlMap {
  const annotations = isTree(chart) && Object.hasOwn(chart, 'annotations') ? chart['annotations'] : undefined;
  if (!isTree(annotations)) return {};
  const texts = Object.keys(annotations).map((key) => [key, textIn(annotations, key) ?? '']);
  return Object.fromEntries(texts) as YamlMap;
}

function readChart(files: ChartFiles, path: string): YamlTree {
  const bytes = files.get(path);
  return bytes === undefined ? null : parseGoYaml(decode(bytes), path);
}

function textIn(tree: YamlTree, member: string): string | undefined {
  const text = isTree(tree) && Object.hasOwn(tree, member) ? goText(tree[member]) : undefined;
  return text === false || text === undefined || text === '' ? undefined : text;
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

function tooMany(directory: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${directory} has more subcharts than are read: the limit is ${MOST_CHARTS}, ${DEEPEST} in each other`,
  });
}
