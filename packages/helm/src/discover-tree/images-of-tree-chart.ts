import {
  type ChartFinding,
  type ChartPin,
  digestOf,
  type FoundValues,
  type ImageFinding,
  type RenderingInput,
  type Run,
} from '@gapferry/core';
import type { ChartDiscovery } from '../chart-discovery.ts';
import { pathFrom } from './file-tree.ts';
import { type ChartTree, chartsBeside, packTreeChart, textIn } from './pack-tree-chart.ts';
import { parameterValues } from './parameter-values.ts';
import { refused } from './refusals.ts';

/** Renders a chart that lies in the tree as what installs it says, with what it names by `file://` and kustomize's `images:` around it, and finds its images; places are files of the tree. Of a chart
 *  about which something is open, nothing is more than likely. Throws `CONTENT_INVALID` where values are not in the tree, `LIMIT_EXCEEDED`, and what completing and rendering a chart throw. */
export async function imagesOfTreeChart(
  finding: ChartFinding,
  tree: ChartTree,
  discovery: Pick<ChartDiscovery, 'discover'>,
  run: Run,
): Promise<readonly ImageFinding[]> {
  const path = finding.source.from === 'tree' ? finding.source.path : '';
  if (finding.confidence === 'possible')
    throw refused(finding.place.file, 'a placeholder is left in what installs it');
  const { name, version, archive } = await packTreeChart(path, tree);
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
  const contents = {
    pin,
    archive,
    rendering: renderingOf(finding, path, tree),
    ...(finding.images !== undefined && { overrides: finding.images }),
  };
  const images = await discovery.discover(contents, run, chartsBeside(path, tree));
  return images.map((image) => toTree(image, name, path, finding.confidence));
}

function renderingOf(finding: ChartFinding, path: string, tree: ChartTree): RenderingInput {
  const { release, namespace, kubeVersion, apiVersions } = finding;
  const values = (finding.values ?? []).flatMap((found) => valuesOf(found, finding, path, tree));
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
): { readonly name: string; readonly content: string }[] {
  if (found.from === 'inline') return [{ name: place.file, content: found.content }];
  if (found.from === 'git' || found.from === 'url')
    throw refused(place.file, `values of it come from ${found.url}`);
  if (found.from === 'parameter') {
    const content = parameterValues(found);
    if (content === undefined)
      throw refused(place.file, `the parameter ${found.name} of what installs it is not applied`);
    return [{ name: place.file, content }];
  }
  const file = found.from === 'tree' ? found.path : pathFrom(path, found.path);
  const content = file === undefined ? undefined : files.get(file);
  if (file !== undefined && content !== undefined) return [{ name: file, content: textIn(content) }];
  if (found.from === 'chart' && found.optional) return [];
  throw refused(place.file, `the values file ${found.path} is not in the tree`);
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
