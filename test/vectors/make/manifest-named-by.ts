import {
  chartItem,
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
const VALUES = { item: CHART, method: 'values', file: 'nginx/values.yaml', path: 'image' };

/** Manifests whose images have `namedBy`. */
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
    invalid('named-by-empty', 'a list without entries', [], ['namedBy']),
    invalid('named-by-out-of-order', 'places in another order', [VALUES, CONTAINER], ['is out of order']),
    invalid('named-by-twice', 'a place that stands there twice', [VALUES, VALUES], ['named twice']),
    invalid(
      'named-by-foreign',
      'a chart that is not in the release',
      [{ ...VALUES, item: 'chart charts.example.org/stable/other:1.0.0' }],
      ['which is no item of the release'],
    ),
    invalid('named-by-image', 'an image that names an image', [
      { ...VALUES, item: `image ${imageItem().id}` },
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
  ];
}

function invalid(name: string, why: string, namedBy: unknown[], says: readonly string[] = []): Vector {
  return refused(name, why, sortedJson(named(namedBy)), 'MANIFEST_INVALID', says);
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
