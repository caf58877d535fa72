import type { ArtifactFinding, GitFinding, ReferenceFinding } from '@gapferry/core';
import type { Overlay } from './build-kustomization.ts';
import { field, fieldsAt, listAt, objectName, textAt, textsAt } from './fields.ts';
import { pathFrom } from './file-tree.ts';
import { leadsOfHelmRelease, templateChart } from './flux-helm-release.ts';
import { artifactOf, fluxSource, gitOf, isTreeItself } from './flux-sources.ts';
import { toOverride } from './kustomization.ts';
import {
  hasPlaceholder,
  isKind,
  type Leads,
  type LocatedObject,
  NOWHERE,
  placeOf,
  type Surroundings,
} from './located-object.ts';

const SOURCES = 'source.toolkit.fluxcd.io';

/** What an object of Flux leads to: HelmReleases and HelmCharts to charts, Kustomizations to directories, GitRepositories and OCIRepositories to what they fetch, ImageRepositories to images. */
export function leadsOfFlux(located: LocatedObject, surroundings: Surroundings): Leads {
  if (isKind(located, 'helm.toolkit.fluxcd.io', 'HelmRelease'))
    return leadsOfHelmRelease(located, surroundings);
  if (isKind(located, 'kustomize.toolkit.fluxcd.io', 'Kustomization'))
    return leadsOfKustomization(located, surroundings);
  if (isKind(located, SOURCES, 'GitRepository')) return leadsOfGitRepository(located, surroundings);
  if (isKind(located, SOURCES, 'OCIRepository')) return leadsOfOciRepository(located, surroundings);
  if (isKind(located, SOURCES, 'HelmChart')) return leadsOfHelmChart(located, surroundings);
  if (isKind(located, SOURCES, 'Bucket'))
    return problem(located, 'spec', 'a Bucket cannot be carried: its content is not looked at');
  return NOWHERE;
}

function problem(located: LocatedObject, path: string, message: string): Leads {
  return { ...NOWHERE, problems: [{ place: placeOf(located, path), message }] };
}

function found(...references: readonly ReferenceFinding[]): Leads {
  return { ...NOWHERE, references };
}

function sureness(words: unknown, open: readonly string[] = []): Pick<GitFinding, 'confidence' | 'open'> {
  const sure = open.length > 0 ? 'likely' : 'certain';
  return { confidence: hasPlaceholder(words) ? 'possible' : sure, ...(open.length > 0 && { open }) };
}

function leadsOfGitRepository(located: LocatedObject, surroundings: Surroundings): Leads {
  if (isTreeItself(surroundings, located)) return NOWHERE;
  const git = gitOf(located);
  return found({ kind: 'git', ...git, ...sureness(git), place: placeOf(located, 'spec.url') });
}

/** Where a HelmRelease names it, it is that release's chart; otherwise an artifact with manifests. */
function leadsOfOciRepository(located: LocatedObject, surroundings: Surroundings): Leads {
  if (surroundings.chartRefs.has(objectName(located.object))) return NOWHERE;
  const artifact = artifactOf(located);
  const finding: ArtifactFinding = {
    kind: 'oci-artifact',
    ...artifact,
    ...sureness(artifact),
    place: placeOf(located, 'spec.url'),
  };
  return found(finding);
}

/** Those that Flux itself makes for a HelmRelease are not in a tree; those written down are installed where a `chartRef` names them, and fetched in any case. */
function leadsOfHelmChart(located: LocatedObject, surroundings: Surroundings): Leads {
  if (surroundings.chartRefs.has(objectName(located.object))) return NOWHERE;
  const chart = templateChart(surroundings, located.object, field(located.object, 'spec'));
  if (typeof chart === 'string') return problem(located, 'spec', chart);
  return found({
    kind: 'chart',
    source: chart.source,
    ...(chart.version !== undefined && { version: chart.version }),
    ...(chart.files.length > 0 && { values: chart.files }),
    confidence: 'possible',
    open: ['nothing installs it'],
    place: placeOf(located, 'spec'),
  });
}

function leadsOfKustomization(located: LocatedObject, surroundings: Surroundings): Leads {
  const { object } = located;
  const reference = field(object, 'spec', 'sourceRef');
  const source = fluxSource(surroundings, reference, object);
  const overlay = overlayOf(located);
  const written = textAt(object, 'spec', 'path') ?? '.';
  const directory = pathFrom('', written.replace(/^\/+/, ''));
  const problems = substitutions(located);
  if (source === undefined)
    return {
      ...NOWHERE,
      problems: [
        ...problems,
        {
          place: placeOf(located, 'spec.sourceRef'),
          message: `its source, ${textAt(reference, 'kind')} ${textAt(reference, 'name')}, is not in the tree`,
        },
      ],
    };
  if (directory === undefined)
    return {
      ...NOWHERE,
      problems: [
        ...problems,
        { place: placeOf(located, 'spec.path'), message: `its path "${written}" leaves the repository` },
      ],
    };
  if (source.object['kind'] !== 'GitRepository' || !isTreeItself(surroundings, source))
    return { ...found(...elsewhere(located, source, directory, overlay)), problems };
  if (surroundings.reading.tree.list(directory).length === 0)
    return {
      ...NOWHERE,
      problems: [
        ...problems,
        { place: placeOf(located, 'spec.path'), message: `its path "${written}" is not in the tree` },
      ],
    };
  return { ...NOWHERE, deployments: [{ directory, overlay, manifests: 'generated' }], problems };
}

/** A directory of a repository or an artifact that is not looked into here. */
function elsewhere(
  located: LocatedObject,
  source: LocatedObject,
  directory: string,
  { images, patches, components }: Overlay,
): ReferenceFinding[] {
  const place = placeOf(located, 'spec.path');
  const path = directory === '' ? '.' : directory;
  const isChanged = patches.length + components.length > 0;
  const open = isChanged ? ['its patches and components are not applied there'] : [];
  const what = { path, manifests: 'generated', ...(images.length > 0 && { images }) } as const;
  if (source.object['kind'] === 'GitRepository') {
    const git = { ...gitOf(source), ...what };
    return [{ kind: 'git', ...git, ...sureness(git, open), place }];
  }
  if (source.object['kind'] !== 'OCIRepository') return [];
  const artifact = { ...artifactOf(source), ...what };
  return [{ kind: 'oci-artifact', ...artifact, ...sureness(artifact, open), place }];
}

function overlayOf(located: LocatedObject): Overlay {
  const { object, file } = located;
  return {
    images: listAt(object, 'spec', 'images').map((entry) => toOverride(entry, file)),
    patches: listAt(object, 'spec', 'patches'),
    components: textsAt(object, 'spec', 'components'),
    place: placeOf(located, 'spec.images'),
  };
}

/** `postBuild` replaces `${NAME}` in manifests after they are built. */
function substitutions(located: LocatedObject): Leads['problems'] {
  const names = Object.keys(fieldsAt(located.object, 'spec', 'postBuild', 'substitute'));
  const sources = listAt(located.object, 'spec', 'postBuild', 'substituteFrom').map(
    (entry) => `${textAt(entry, 'kind')} ${textAt(entry, 'name')}`,
  );
  if (names.length + sources.length === 0) return [];
  const what = [...names, ...sources].slice(0, 20).join(', ');
  return [
    {
      place: placeOf(located, 'spec.postBuild'),
      message: `its substitutions are not made in image names: ${what}`,
    },
  ];
}
