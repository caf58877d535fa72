import {
  chartItem,
  fileItem,
  gitItem,
  imageItem,
  type LooseItem,
  type LooseManifest,
  sortedBlobs,
  wholeManifest,
} from './manifest-content.ts';
import { refusals, sortedJson, type Vector } from './vector.ts';

const refused = refusals('manifest.json');

const CHART = `chart ${chartItem().id}`;
const CONTAINER = {
  item: CHART,
  method: 'pod-template',
  file: 'nginx/templates/deployment.yaml',
  object: 'Deployment/nginx',
  path: 'spec.template.spec.containers[0].image',
};
const GIT = `git ${gitItem().id}`;
const APPLICATION = {
  item: GIT,
  method: 'custom-resource',
  file: 'apps/nginx.yaml',
  object: 'Application/nginx',
  path: 'spec.source',
};
const KUSTOMIZATION = {
  item: GIT,
  method: 'kustomization',
  file: 'base/kustomization.yaml',
  path: 'resources[0]',
};
const SUBMODULE = {
  item: GIT,
  method: 'submodule',
  file: '.gitmodules',
  object: 'submodule "libs/base"',
  path: 'libs/base',
};
const BY_ARTIFACT = { ...APPLICATION, item: `image ${imageItem().id}` };
const VALUES = { item: CHART, method: 'values', file: 'nginx/values.yaml', path: 'image' };

/** Manifests whose items have `namedBy`. */
export function manifestNamedByVectors(): Vector[] {
  return [
    {
      name: 'good-named-by',
      files: { 'manifest.json': sortedJson(named([CONTAINER, VALUES])) },
      expect: {
        why: 'an image that a chart of the release names in two places',
        accept: true,
        result: { items: [{ kind: 'chart' }, {}, {}, { kind: 'image', namedBy: [CONTAINER, VALUES] }] },
      },
    },
    {
      name: 'good-named-by-git',
      files: {
        'manifest.json': sortedJson({
          ...whole(chartItem(), {}),
          items: [
            { ...chartItem(), namedBy: [APPLICATION] },
            fileItem(),
            { ...gitItem(), namedBy: [KUSTOMIZATION] },
            imageItem(),
          ],
        }),
      },
      expect: {
        why: 'a repository that points to a chart, and to itself in another revision',
        accept: true,
        result: { items: [{ namedBy: [APPLICATION] }, {}, { namedBy: [KUSTOMIZATION] }, {}] },
      },
    },
    {
      name: 'good-named-by-submodule',
      files: {
        'manifest.json': sortedJson({
          ...whole(chartItem(), {}),
          items: [chartItem(), fileItem(), { ...gitItem(), namedBy: [SUBMODULE] }, imageItem()],
        }),
      },
      expect: {
        why: 'a repository that another commit of it has as a submodule',
        accept: true,
        result: { items: [{}, {}, { kind: 'git', namedBy: [SUBMODULE] }, {}] },
      },
    },
    invalid('named-by-empty', 'a list without entries', [], ['namedBy']),
    invalid('named-by-out-of-order', 'places in another order', [VALUES, CONTAINER], ['is out of order']),
    invalid('named-by-twice', 'a place that stands there twice', [VALUES, VALUES], ['named twice']),
    invalid(
      'named-by-foreign',
      'a chart that is not in the release',
      [{ ...VALUES, item: 'chart charts.example.org/stable/other:1.0.0' }],
      ['which is no item of the release'],
    ),
    {
      name: 'named-by-image',
      files: { 'manifest.json': sortedJson(whole(chartItem(), { namedBy: [BY_ARTIFACT] })) },
      expect: {
        why: 'a chart that an artifact of manifests points to',
        accept: true,
        result: { items: [{ kind: 'chart', namedBy: [BY_ARTIFACT] }, {}, {}, {}] },
      },
    },
    invalid('named-by-kind', 'something that is no item and names an image', [
      { ...VALUES, item: 'cluster plant-7' },
    ]),
    invalid(
      'named-by-method',
      'a way of finding that nobody knows',
      [{ ...VALUES, method: 'hearsay' }],
      ['method'],
    ),
    invalid(
      'named-by-control',
      'a place with control characters',
      [{ ...VALUES, path: 'a\u001b[2K' }],
      ['path'],
    ),
    invalid('named-by-unknown-member', 'a member this version does not know', [
      { ...VALUES, confidence: 'certain' },
    ]),
    {
      name: 'named-by-on-chart',
      files: { 'manifest.json': sortedJson(whole(chartItem(), { namedBy: [VALUES] })) },
      expect: {
        why: 'a chart that something names',
        accept: true,
        result: { items: [{ kind: 'chart', namedBy: [VALUES] }, {}, {}, {}] },
      },
    },
    onItem(
      'named-by-on-chart-foreign',
      'a chart that is named by a repository which is not in the release',
      chartItem(),
      [{ ...APPLICATION, item: 'git git.example.org/ops/other' }],
      ['which is no item of the release'],
    ),
    onItem(
      'named-by-on-chart-out-of-order',
      'a chart with places in another order',
      chartItem(),
      [KUSTOMIZATION, APPLICATION],
      ['is out of order'],
    ),
    onItem(
      'named-by-on-git-foreign',
      'a repository that is named by one which is not in the release',
      gitItem(),
      [{ ...KUSTOMIZATION, item: 'git git.example.org/ops/other' }],
      ['which is no item of the release'],
    ),
    onItem(
      'named-by-on-git-twice',
      'a repository with a place that stands there twice',
      gitItem(),
      [APPLICATION, APPLICATION],
      ['named twice'],
    ),
    onItem('named-by-on-git-empty', 'a repository with a list without entries', gitItem(), [], ['namedBy']),
    onItem('named-by-on-file', 'a file that something names', fileItem(), [APPLICATION], ['namedBy']),
  ];
}

function invalid(name: string, why: string, namedBy: unknown[], says: readonly string[] = []): Vector {
  return refused(name, why, sortedJson(named(namedBy)), 'MANIFEST_INVALID', says);
}

function onItem(
  name: string,
  why: string,
  item: LooseItem,
  namedBy: unknown[],
  says: readonly string[],
): Vector {
  return refused(name, why, sortedJson(whole(item, { namedBy })), 'MANIFEST_INVALID', says);
}

function named(namedBy: readonly unknown[]): LooseManifest {
  return whole(imageItem(), { namedBy });
}

/** The whole manifest with more in the item of this kind. */
function whole({ kind }: LooseItem, more: object): LooseManifest {
  const manifest = wholeManifest();
  return {
    ...manifest,
    blobs: sortedBlobs(manifest.blobs),
    items: manifest.items.map((item) => (item.kind === kind ? { ...item, ...more } : item)),
  };
}
