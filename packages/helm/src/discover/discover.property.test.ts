import { isGapferryError, parseImageReference } from '@gapferry/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { imagesInChart } from './images-in-chart.ts';
import { imagesInManifests } from './images-in-manifests.ts';

/** Words that the search looks for, so that random trees reach its branches. */
const WORDS = [
  'apiVersion',
  'v1',
  'apps/v1',
  'kind',
  'Pod',
  'List',
  'ConfigMap',
  'Deployment',
  'items',
  'spec',
  'template',
  'containers',
  'image',
  'images',
  'name',
  'env',
  'value',
  'X_IMAGE',
  'args',
  '--image',
  '--x-image=a/b:1',
  'metadata',
  'annotations',
  'artifacthub.io/images',
  'data',
  'repository',
  'registry',
  'tag',
  'digest',
  'hub',
  'nginx:1',
  'ghcr.io/x/y:1',
  '{{ .x }}',
  '__proto__',
  'constructor',
  '<<',
  '- image: x/y:1\n',
  '&a',
  '*a',
  '? [a]',
  '%YAML',
  '---',
  '# Source: a/b',
  '[',
  '{',
  '"',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '\t',
  '\r',
  '\0',
  '!!binary',
  '|',
  '>',
];

const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 }));
const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 6 },
    word,
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(word, tie('node'), { maxKeys: 5 }),
  ),
})).node;
const anyText = fc.oneof(
  fc.array(word, { maxLength: 60 }).map((words) => words.join('')),
  fc.array(word, { maxLength: 60 }).map((words) => words.join('\n')),
  fc.array(tree, { maxLength: 3 }).map((trees) => trees.map((node) => stringify(node)).join('---\n')),
);

/** Nothing but a GapferryError, and only references but for what containers have in their place. */
function checked(search: () => ReturnType<typeof imagesInManifests>): void {
  try {
    for (const { reference, confidence, place } of search()) {
      // Of a container it is told what stands there, whatever it is.
      const isContainers = /ontainers\[\d+\]\.image$|\.image\.reference$/.test(place.path);
      if (!isContainers || confidence !== 'likely')
        expect(() => parseImageReference(reference)).not.toThrow();
      expect(place.path).not.toBe('');
      expect(`${place.file}${place.object}${place.path}`).not.toMatch(/\p{Cc}/u);
    }
  } catch (error) {
    if (!isGapferryError(error)) throw error;
  }
}

it('throws nothing but a GapferryError on any text', () => {
  fc.assert(
    fc.property(anyText, (text) => checked(() => imagesInManifests(text, {}))),
    { numRuns: 1_000 },
  );
});

it('throws nothing but a GapferryError on any chart', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (rendered, values, chart) =>
      checked(() => {
        const texts = { 'a/Chart.yaml': chart, 'a/values.yaml': values, 'a/templates/x.yaml': rendered };
        const files = Object.entries(texts).map(
          ([path, text]) => [path, new TextEncoder().encode(text)] as const,
        );
        return imagesInChart({ rendered, files: new Map(files) });
      }),
    ),
    { numRuns: 500 },
  );
});

it('finds the image of a container however deep its object stands in others, and never more than once', () => {
  const path = fc.array(fc.stringMatching(/^[a-z]{1,6}$/), { maxLength: 10 });
  fc.assert(
    fc.property(path, fc.stringMatching(/^[a-z]{1,8}\/[a-z]{1,8}:[a-z0-9]{1,8}$/), (members, image) => {
      const pod: unknown = { containers: [{ name: 'c', image }] };
      const spec = members.reduceRight<unknown>((inner, member) => ({ [member]: inner }), pod);
      const text = stringify({ apiVersion: 'example.org/v1', kind: 'Widget', spec });
      expect(imagesInManifests(text, {}).map(({ reference }) => reference)).toEqual([image]);
    }),
  );
});

it('finds as much in a stream as in its documents', () => {
  const pod = fc
    .stringMatching(/^[a-z]{1,8}:[0-9]{1,4}$/)
    .map((image) =>
      stringify({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'c', image }] } }),
    );
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 8 }), (pods) => {
      const whole = imagesInManifests(pods.join('---\n'), {});
      expect(whole).toEqual(pods.flatMap((each) => imagesInManifests(each, {})));
    }),
  );
});
