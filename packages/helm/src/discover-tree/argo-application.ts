import type {
  ArtifactFinding,
  ChartFinding,
  ChartPlace,
  GitFinding,
  ImageNameFinding,
  ImageOverride,
  ReferenceFinding,
} from '@gapferry/core';
import { argoChartSettings } from './argo-chart-settings.ts';
import { revisionOf, type SourceContext } from './argo-source.ts';
import type { Overlay } from './build-kustomization.ts';
import { field, isFields, listAt, textAt, textsAt, type Value } from './fields.ts';
import { pathFrom } from './file-tree.ts';
import { splitImage } from './image-overrides.ts';
import { kustomizationFileIn } from './kustomization.ts';
import {
  hasPlaceholder,
  joinLeads,
  type Leads,
  type LocatedObject,
  NOWHERE,
  placeOf,
  type Surroundings,
} from './located-object.ts';
import { tooMuch } from './refusals.ts';
import { imageOf } from './transform-kustomization.ts';
import { isThisTree } from './tree-identity.ts';

/** What an Application of Argo CD (`argoproj.io`) installs: charts of repositories, registries and Git, directories of Git, artifacts. */
export function leadsOfApplication(application: LocatedObject, surroundings: Surroundings): Leads {
  const several = listAt(application.object, 'spec', 'sources');
  const single = field(application.object, 'spec', 'source');
  const sources = several.length > 0 ? several : single === undefined ? [] : [single];
  if (sources.length > MOST_SOURCES)
    throw tooMuch(application.file, `an Application has more than ${MOST_SOURCES} sources`);
  const path = (index: number): string => (several.length > 0 ? `spec.sources[${index}]` : 'spec.source');
  return joinLeads(
    sources
      .slice(0, MOST_SOURCES)
      .map((source, index) =>
        leadsOfSource({ application, source, sources, path: path(index), surroundings }),
      ),
  );
}

const MOST_SOURCES = 1_000;

function leadsOfSource(context: SourceContext): Leads {
  const { application, source, path } = context;
  const url = textAt(source, 'repoURL');
  if (url === undefined)
    return {
      ...NOWHERE,
      problems: [{ place: placeOf(application, path), message: 'its source has no repoURL' }],
    };
  const chart = textAt(source, 'chart');
  if (chart !== undefined) return references(chartFinding(context, registryOrRepository(url, chart)));
  if (url.startsWith('oci://')) return references(artifactFinding(context, url));
  return isThisTree(context.surroundings.identity, url, textAt(source, 'targetRevision'))
    ? leadsInTree(context)
    : references(inGit(context, url), ...kustomizeImages(context));
}

function references(...found: readonly ReferenceFinding[]): Leads {
  return { ...NOWHERE, references: found };
}

/** Argo CD writes OCI registries without a scheme. */
function registryOrRepository(url: string, chart: string): ChartPlace {
  const plain = url.replace(/\/+$/, '');
  if (/^https?:\/\//i.test(plain)) return { from: 'repository', url: plain, name: chart };
  return { from: 'oci', ref: `${plain.replace(/^oci:\/\//, '')}/${chart}` };
}

function chartFinding(context: SourceContext, source: ChartPlace): ChartFinding {
  const { application, path } = context;
  const { open, ...settings } = argoChartSettings(context, source);
  const revision = textAt(context.source, 'targetRevision');
  return {
    kind: 'chart',
    source,
    ...(revision !== undefined &&
      (source.from === 'oci' || source.from === 'repository') && { version: revision }),
    ...settings,
    ...sureness(context.source, open),
    place: placeOf(application, path),
  };
}

function sureness(source: Value, open: readonly string[]): Pick<ChartFinding, 'confidence' | 'open'> {
  const confidence = hasPlaceholder(
    [
      field(source, 'repoURL'),
      field(source, 'chart'),
      field(source, 'path'),
      field(source, 'targetRevision'),
    ].filter((entry) => entry !== undefined),
  )
    ? 'possible'
    : open.length > 0
      ? 'likely'
      : 'certain';
  return { confidence, ...(open.length > 0 && { open }) };
}

function artifactFinding({ application, source, path }: SourceContext, url: string): ArtifactFinding {
  const revision = textAt(source, 'targetRevision');
  const isDigest = revision?.startsWith('sha256:') === true;
  const isRange = revision !== undefined && /[\^~*<>=| ]/.test(revision);
  const inside = textAt(source, 'path');
  const images = overridesOf(source);
  return {
    kind: 'oci-artifact',
    ref: url.slice('oci://'.length).replace(/\/+$/, ''),
    ...(revision !== undefined && { [isDigest ? 'digest' : isRange ? 'semver' : 'tag']: revision }),
    ...(inside !== undefined && { path: inside, manifests: manifestsOf(source) }),
    ...(images.length > 0 && { images }),
    ...sureness(source, openPoints(source)),
    place: placeOf(application, path),
  };
}

/** A directory of another repository: a chart where the source says so, otherwise whatever lies there. */
function inGit(context: SourceContext, url: string): ChartFinding | GitFinding {
  const { application, source, path } = context;
  const revision = revisionOf(source);
  const inside = textAt(source, 'path');
  if (isFields(field(source, 'helm')) && inside !== undefined)
    return chartFinding(context, { from: 'git', url, ...revision, path: inside });
  const images = overridesOf(source);
  return {
    kind: 'git',
    url,
    ...revision,
    ...(inside !== undefined && { path: inside, manifests: manifestsOf(source) }),
    ...(images.length > 0 && { images }),
    ...sureness(source, openPoints(source)),
    place: placeOf(application, path),
  };
}

/** What is done to a directory of another repository besides `images`. */
function openPoints(source: Value): string[] {
  const isPatched = ['patches', 'components'].some(
    (member) => listAt(source, 'kustomize', member).length > 0,
  );
  const isFiltered = ['include', 'exclude'].some(
    (member) => textAt(source, 'directory', member) !== undefined,
  );
  return [
    ...(field(source, 'plugin') === undefined ? [] : ['a plugin of Argo CD makes its manifests']),
    ...(isPatched ? ['its patches and components are not applied there'] : []),
    ...(isFiltered ? ['its include and exclude are not applied'] : []),
  ];
}

function manifestsOf(source: Value): 'here' | 'below' {
  return field(source, 'directory', 'recurse') === true ? 'below' : 'here';
}

/** Images that are named in full, whatever they replace in a repository that is not looked into. */
function kustomizeImages({ application, source, path }: SourceContext): ImageNameFinding[] {
  return overridesOf(source).flatMap((override, index) => {
    const reference = imageOf(override);
    if (reference === undefined) return [];
    const place = placeOf(application, `${path}.kustomize.images[${index}]`);
    return [{ kind: 'image' as const, reference, confidence: 'likely' as const, place }];
  });
}

/** Argo CD's `[name=]image[:tag][@digest]`. */
function overridesOf(source: Value): ImageOverride[] {
  return textsAt(source, 'kustomize', 'images').map((text) => {
    const mark = text.indexOf('=');
    const { name, tag, digest } = splitImage(text.slice(mark + 1));
    const words = { ...(tag !== '' && { newTag: tag }), ...(digest !== '' && { digest }) };
    return mark < 0 ? { name, ...words } : { name: text.slice(0, mark), newName: name, ...words };
  });
}

/** The directory lies in the tree: a chart, a kustomization, or manifests. */
function leadsInTree(context: SourceContext): Leads {
  const { application, source, path, surroundings } = context;
  const { tree } = surroundings.reading;
  const inside = textAt(source, 'path');
  if (inside === undefined) return NOWHERE;
  const directory = pathFrom('', inside);
  const place = placeOf(application, path);
  if (directory === undefined || tree.list(directory).length === 0)
    return { ...NOWHERE, problems: [{ place, message: `its path "${inside}" is not in the tree` }] };
  // Where both lie there and nothing is said, Argo CD takes the kustomization.
  const isChart = isFields(field(source, 'helm')) || kustomizationFileIn(tree, directory) === undefined;
  if (isChart && tree.list(directory).includes('Chart.yaml'))
    return references(chartFinding(context, { from: 'tree', path: directory }));
  const overlay = overlayOf(application, source, path);
  return { ...NOWHERE, deployments: [{ directory, overlay, manifests: manifestsOf(source) }] };
}

function overlayOf(application: LocatedObject, source: Value, path: string): Overlay {
  return {
    images: overridesOf(source),
    patches: listAt(source, 'kustomize', 'patches'),
    components: textsAt(source, 'kustomize', 'components'),
    place: placeOf(application, `${path}.kustomize`),
  };
}
