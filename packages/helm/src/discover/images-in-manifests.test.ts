import type { ImageFinding } from '@gapferry/core';
import { describePlace } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { imagesInManifests } from './images-in-manifests.ts';

const POD = 'containers: [{name: a, image: "example.org/a:1"}]';

function found(text: string): ImageFinding[] {
  return imagesInManifests(text, { file: 'it.yaml' });
}

/** `certain example.org/a:1 spec.containers[0].image` */
function lines(text: string): string[] {
  return found(text).map(({ reference, confidence, place }) => `${confidence} ${reference} ${place.path}`);
}

describe('a stream of manifests', () => {
  it('knows what the entries of a list are that do not say it', () => {
    const template = `{metadata: {name: a}, spec: {template: {spec: {${POD}}}}}`;
    expect(lines(`apiVersion: apps/v1\nkind: DeploymentList\nitems: [${template}]\n`)).toEqual([
      'certain example.org/a:1 items[0].spec.template.spec.containers[0].image',
    ]);
    expect(lines(`apiVersion: v1\nkind: PodList\nitems: [{spec: {${POD}}}]\n`)).toEqual([
      'certain example.org/a:1 items[0].spec.containers[0].image',
    ]);
  });

  it('names the file, the object and the path of every image', () => {
    const text = `---\n# Source: historian/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: historian}\nspec: {template: {spec: {${POD}}}}\n`;
    expect(imagesInManifests(text, {}).map(({ place }) => describePlace(place))).toEqual([
      'historian/templates/deployment.yaml: Deployment/historian: spec.template.spec.containers[0].image',
    ]);
  });

  it('keeps a source for the documents that follow it, takes no address for one, and needs none where the file is known', () => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {${POD}}\n`;
    const text = `${pod}---\n# Source: c/crds/all.yaml\n${pod}---\n${pod}---\n# Source: https://example.org/x.yaml\n${pod}`;
    expect(imagesInManifests(text, {}).map(({ place }) => place.file)).toEqual([
      'manifest',
      ...Array(3).fill('c/crds/all.yaml'),
    ]);
    expect(found(text).map(({ place }) => place.file)).toEqual(Array(4).fill('it.yaml'));
  });

  it.each([
    ['CRLF', `apiVersion: v1\r\nkind: Pod\r\nspec:\r\n  containers:\r\n  - name: a\r\n    image: x:1\r\n`],
    [
      'a mark of byte order',
      `\ufeffapiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: "x:1"}]}\n`,
    ],
    [
      'directives',
      `%YAML 1.2\n---\napiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: "x:1"}]}\n...\n`,
    ],
    [
      'content on the line of the dashes',
      `--- {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: "x:1"}]}}\n`,
    ],
    ['an anchor', `apiVersion: v1\nkind: Pod\nx: &c {name: a, image: "x:1"}\nspec: {containers: [*c]}\n`],
    [
      'a merge key',
      `apiVersion: v1\nkind: Pod\nx: &c {image: "x:1"}\nspec: {containers: [{name: a, <<: *c}]}\n`,
    ],
    [
      'a key that stands twice: the last counts',
      `apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: "w:1", image: "x:1"}]}\n`,
    ],
  ])('is read with %s', (_what, text) => {
    expect(lines(text)).toContain('certain x:1 spec.containers[0].image');
  });

  it('has no images where it has only comments', () => {
    expect(found('---\n# Source: a/templates/b.yaml\n---\n\n---\n# nothing\n')).toEqual([]);
  });

  it('lists the entries of a List as objects of their own', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {${POD}}}\n`;
    expect(found(text).map(({ place }) => describePlace(place))).toEqual([
      'it.yaml: Pod/p: items[0].spec.containers[0].image',
    ]);
  });

  it('that is no YAML is refused with file and line', () => {
    const text = `---\n# Source: c/templates/ok.yaml\na: 1\n---\n# Source: c/templates/bad.yaml\na: 1\nb: "x\n`;
    expect(() => imagesInManifests(text, {})).toThrow(
      expect.objectContaining({
        code: 'CONTENT_INVALID',
        message: expect.stringMatching(
          /^c\/templates\/bad\.yaml is not valid YAML: line 8 of the rendered text: /,
        ),
        data: expect.objectContaining({ file: 'c/templates/bad.yaml' }),
      }),
    );
  });
});

describe('hostile YAML', () => {
  const deep = (levels: number): string =>
    Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:`).join('\n');

  it.each([
    ['brackets without end', 'a: '.concat('['.repeat(1_000_000)), 'CONTENT_INVALID'],
    ['dashes without end', '- '.repeat(1_000_000), 'CONTENT_INVALID'],
    ['251 levels', deep(252), 'LIMIT_EXCEEDED'],
    [
      'aliases of aliases of aliases',
      `a: &a [${'x,'.repeat(9)}x]\n${'bcdefghi'
        .split('')
        .map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(10)}]`)
        .join('\n')}`,
      'CONTENT_INVALID',
    ],
    ['more than 1,000 aliases', `a: &a x\nb: [${'*a,'.repeat(1_001)}]`, 'LIMIT_EXCEEDED'],
    [
      'a long list that is named often',
      `a: &a [${'x,'.repeat(10_000)}]\nb: [${'*a,'.repeat(240)}]`,
      'LIMIT_EXCEEDED',
    ],
    ['an anchor that is not there', 'a: *b', 'CONTENT_INVALID'],
    ['more than 3 MiB in a document', `a: ${'x'.repeat(3_145_728)}`, 'LIMIT_EXCEEDED'],
    ['more than 100,000 documents', '---\n'.repeat(100_001), 'LIMIT_EXCEEDED'],
  ])('is refused: %s', (_what, text, code) => {
    expect(() => found(text)).toThrow(expect.objectContaining({ code }));
  });

  it('changes no prototype', () => {
    expect(found('__proto__: {image: "x/y:1"}\nconstructor: {image: "x/z:1"}\n')).toHaveLength(2);
    expect(({} as { image?: string }).image).toBeUndefined();
  });
});
