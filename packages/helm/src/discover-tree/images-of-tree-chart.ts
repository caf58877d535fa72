import {
  type ChartFinding,
  type ChartPin,
  digestOf,
  type FoundValues,
  type ImageDiscovery,
  type ImageFinding,
  type RenderingInput,
  type Run,
} from '@gapferry/core';
import { parseChartMetadata } from '../chart-metadata.ts';
import { parseHelmIgnore } from '../local/helm-ignore.ts';
import { type ChartFiles, packChart } from '../pack-chart.ts';
import { directoryOf, pathFrom } from './file-tree.ts';
import { refused, tooMuch } from './refusals.ts';

/** The tree that a chart lies in. */
export interface ChartTree {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths that the tree has and `files` does not. */
  readonly leftOut: readonly string[];
  /** For messages, and the item's name while it is rendered. */
  readonly item: string;
  /** Of the repository. */
  readonly url: string;
}

/** An archive of 32 MiB is the largest that is taken; headers need some of it. */
const LIMITS = { bytes: 31_457_280, files: 20_000 } as const;

/** Renders a chart that lies in the tree as what installs it says, and finds its images; places are files of the tree. Of a chart about which something is open, nothing is more than likely.
 *  Throws `CONTENT_INVALID` where values are not in the tree, `LIMIT_EXCEEDED`, and what completing and rendering a chart throw. */
export async function imagesOfTreeChart(
  finding: ChartFinding,
  tree: ChartTree,
  discovery: ImageDiscovery,
  run: Run,
): Promise<readonly ImageFinding[]> {
  const path = finding.source.from === 'tree' ? finding.source.path : '';
  if (finding.confidence === 'possible')
    throw refused(finding.place.file, 'a placeholder is left in what installs it');
  if (finding.images !== undefined)
    throw refused(finding.place.file, 'a kustomization changes images after it is rendered');
  const files = chartFiles(path, tree);
  const { name, version } = metadataOf(files, path);
  const archive = await packChart(name, files);
  const pin: ChartPin = {
    kind: 'chart',
    from: 'repository',
    id: `${tree.item}/${path}`,
    wish: digestOf(tree.item),
    name,
    version,
    url: tree.url,
    archive: digestOf(archive),
  };
  const rendering = renderingOf(finding, path, tree);
  const images = await discovery.discover({ pin, archive, rendering }, run);
  return images.map((image) => toTree(image, name, path, finding.confidence));
}

function chartFiles(directory: string, { files, leftOut }: ChartTree): ChartFiles {
  const prefix = directory === '' ? '' : `${directory}/`;
  const missing = leftOut.find((path) => path.startsWith(prefix));
  if (missing !== undefined) throw refused(missing, 'it is part of the chart, and was not read');
  const ignored = parseHelmIgnore(textIn(files.get(`${prefix}.helmignore`)), directory);
  const own = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const [path, content] of files) {
    if (!path.startsWith(prefix)) continue;
    const inner = path.slice(prefix.length);
    if (isIgnored(inner, ignored)) continue;
    if (/\p{Cc}|\\/u.test(inner)) throw refused(path, 'the name is not allowed in a chart');
    bytes += content.byteLength;
    if (bytes > LIMITS.bytes || own.size >= LIMITS.files)
      throw tooMuch(directory, `the chart has more than ${LIMITS.bytes} bytes or ${LIMITS.files} files`);
    own.set(inner, content);
  }
  return own;
}

/** A folder that is ignored takes what is in it along. */
function isIgnored(path: string, ignored: ReturnType<typeof parseHelmIgnore>): boolean {
  for (let folder = directoryOf(path); folder !== ''; folder = directoryOf(folder))
    if (ignored(folder, true)) return true;
  return ignored(path, false);
}

function metadataOf(files: ChartFiles, path: string): ReturnType<typeof parseChartMetadata> {
  const chartYaml = files.get('Chart.yaml');
  if (chartYaml === undefined) throw refused(path, 'it is no chart: it has no Chart.yaml');
  const requirements = files.get('requirements.yaml');
  return parseChartMetadata(textIn(chartYaml), requirements && textIn(requirements), path);
}

function textIn(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? [])
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

function renderingOf(finding: ChartFinding, path: string, tree: ChartTree): RenderingInput {
  const { release, namespace, kubeVersion, apiVersions } = finding;
  const values = (finding.values ?? []).map((found) => valuesOf(found, finding, path, tree));
  return {
    ...(values.length > 0 && { values }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(kubeVersion !== undefined && { kubeVersion }),
    ...(apiVersions !== undefined && { apiVersions }),
  };
}

function valuesOf(
  found: FoundValues,
  { place }: ChartFinding,
  path: string,
  { files }: ChartTree,
): { readonly name: string; readonly content: string } {
  if (found.from === 'inline') return { name: place.file, content: found.content };
  if (found.from === 'parameter') return { name: place.file, content: valuesOfParameter(found, place.file) };
  if (found.from === 'git' || found.from === 'url')
    throw refused(place.file, `values of it come from ${found.url}`);
  const file = found.from === 'tree' ? found.path : pathFrom(path, found.path);
  const content = file === undefined ? undefined : files.get(file);
  if (file === undefined || content === undefined)
    throw refused(place.file, `the values file ${found.path} is not in the tree`);
  return { name: file, content: textIn(content) };
}

/** Of `--set` an integer, which a template writes as it is; in values a float: 20240101 would be written as 2.0240101e+07. */
const LONG = /^-?[1-9]\d{6,}$/;

/** What `--set name=value` (as `text`: `--set-string`) sets, as values: names with dots and plain values. Lists, escapes and several values in one are refused. */
function valuesOfParameter(
  { name, value, text }: Extract<FoundValues, { readonly from: 'parameter' }>,
  file: string,
): string {
  if (!/^[\w-]+(?:\.[\w-]+){0,50}$/.test(name) || /[,{}\\]/.test(value) || (!text && LONG.test(value)))
    throw refused(file, `the parameter ${name} of what installs it is not applied`);
  // What Helm takes for a number, a truth value or nothing.
  const isTyped = !text && /^(?:true|false|null|0|-?[1-9]\d{0,5})$/.test(value);
  const parts = name.split('.').map((part) => `{${JSON.stringify(part)}:`);
  return `${parts.join('')}${isTyped ? value : JSON.stringify(value)}${'}'.repeat(parts.length)}`;
}

function toTree(
  image: ImageFinding,
  name: string,
  path: string,
  confidence: ChartFinding['confidence'],
): ImageFinding {
  const { file } = image.place;
  const inner = file.startsWith(`${name}/`) ? file.slice(name.length + 1) : file;
  return {
    ...image,
    confidence: confidence === 'likely' && image.confidence === 'certain' ? 'likely' : image.confidence,
    place: { ...image.place, file: path === '' ? inner : `${path}/${inner}` },
  };
}
