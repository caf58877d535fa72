import { formatImageReference, type ImageFinding, parseImageReference, repositoryOf } from '@gapferry/core';
import { addImagesInAnnotation } from './annotation-images.ts';
import { type ChartFiles, type ChartNode, chartTree } from './chart-tree.ts';
import { createFindingList, type ImageDefaults, type Scope } from './finding-list.ts';
import { imagesInManifests, type ManifestOptions } from './images-in-manifests.ts';
import { sourcesIn } from './manifest-stream.ts';
import { memberPath } from './member-path.ts';
import { mergedValues, writtenAt } from './merged-values.ts';
import { isReference } from './reference-form.ts';
import { searchNode } from './search-tree.ts';
import { imagesInTemplate } from './template-images.ts';
import { memberOf, textOf } from './yaml-tree.ts';

/** Every image that a chart names: in what it renders (`imagesInManifests`), in the annotations of its Chart.yaml and its subcharts', and, where nothing of these names it already, in values.yaml and in templates.
 *  The last are `possible`: what they belong to is switched off. A subchart that renders nothing is switched off as a whole.
 *  `rendered` is what `helm template` prints, `files` the chart's archive unpacked. Throws as `imagesInManifests`, and `CONTENT_INVALID` for a Chart.yaml or values.yaml that is no YAML. */
export function imagesInChart(chart: {
  readonly rendered: string;
  readonly files: ChartFiles;
  /** What becomes of a rendered document before it is searched. */
  readonly change?: ManifestOptions['change'];
}): ImageFinding[] {
  const tree = chartTree(chart.files);
  const sources = [...sourcesIn(chart.rendered)];
  const needed = [
    ...imagesInManifests(chart.rendered, chart.change === undefined ? {} : { change: chart.change }),
    ...tree.flatMap((node) => imagesInAnnotations(node, sources)),
  ];
  const named = needed.filter(({ reference }) => isReference(reference));
  const images = new Set(named.map(({ reference }) => identity(reference)));
  const repositories = new Set(named.map(({ reference }) => repositoryOf(parseImageReference(reference))));
  const perhaps = tree.flatMap((node) => {
    const { findings, guessed } = imagesInValues(node);
    // A guessed tag is no news beside the one that was rendered.
    return findings.filter(
      (finding) =>
        !guessed.has(finding) || !repositories.has(repositoryOf(parseImageReference(finding.reference))),
    );
  });
  const literal = tree.flatMap(({ directory }) => imagesInTemplates(directory, chart.files));
  return [...needed, ...[...perhaps, ...literal].filter(({ reference }) => !images.has(identity(reference)))];
}

function imagesInAnnotations(node: ChartNode, sources: readonly string[]): ImageFinding[] {
  const list = createFindingList();
  const active =
    !node.rendered.includes('/') || sources.some((source) => source.startsWith(`${node.rendered}/`));
  const scope = scopeOf(`${node.directory}/Chart.yaml`, active ? 'certain' : 'possible');
  for (const [key, value] of Object.entries(node.annotations))
    addImagesInAnnotation(key, value, memberPath('annotations', key), scope, list);
  return [...list.findings];
}

/** Paths are moved to the file that really says it: a parent's values.yaml overrides its subcharts'. */
function imagesInValues(node: ChartNode): { findings: ImageFinding[]; guessed: Set<ImageFinding> } {
  const list = createFindingList();
  const values = mergedValues(node.layers);
  const scope: Scope = {
    ...scopeOf('', 'possible'),
    method: 'values',
    defaults: defaultsOf(node, values),
  };
  const own = Object.entries(values).filter(
    ([member]) => !node.subcharts.has(member) && (member !== 'global' || !node.rendered.includes('/')),
  );
  searchNode(Object.fromEntries(own), { path: '', key: '', depth: 0 }, scope, list);
  const moved = new Map(
    list.findings.map((finding) => [
      finding,
      { ...finding, place: writtenAt(node.layers, finding.place.path) },
    ]),
  );
  const guessed = [...list.guessed].flatMap((finding) => moved.get(finding) ?? []);
  return { findings: [...moved.values()], guessed: new Set(guessed) };
}

function defaultsOf(node: ChartNode, values: ReturnType<typeof mergedValues>): ImageDefaults {
  const registry = textOf(memberOf(memberOf(values, 'global'), 'imageRegistry'));
  return {
    ...(node.appVersion !== undefined && { tag: node.appVersion }),
    ...(registry !== undefined && { registry }),
  };
}

function imagesInTemplates(directory: string, files: ChartFiles): ImageFinding[] {
  return [...files.keys()]
    .filter((path) => path.startsWith(`${directory}/templates/`) && !path.endsWith('/NOTES.txt'))
    .sort()
    .flatMap((path) => imagesInTemplate(new TextDecoder().decode(files.get(path)), path));
}

function scopeOf(file: string, atMost: Scope['atMost']): Scope {
  return { file, byForm: 'values', opened: 0, atMost, claimed: new Set() };
}

/** With a digest the tag says nothing. */
function identity(text: string): string {
  const reference = parseImageReference(text);
  return reference.digest === undefined
    ? formatImageReference(reference)
    : `${repositoryOf(reference)}@${reference.digest}`;
}
