import { describe, expect, it } from 'vitest';
import { type RenderingInput, renderingDigest, renderingsDigest } from './chart-rendering.ts';
import { digestOf } from './digest.ts';
import { renderingsOf } from './wish.ts';

describe('the identity of what a chart is rendered with', () => {
  const values = [
    { name: 'a.yaml', content: 'a: 1' },
    { name: 'b.yaml', content: 'b: 1' },
  ];
  const whole: RenderingInput = {
    values,
    release: 'r',
    namespace: 'n',
    kubeVersion: '1.31',
    apiVersions: ['a/v1'],
  };

  it('is the same for the same texts, whatever their files are called', () => {
    const renamed = values.map(({ content }) => ({ name: 'x', content }));
    expect(renderingDigest({ ...whole, values: renamed })).toBe(renderingDigest(whole));
  });

  it.each<[string, RenderingInput]>([
    ['a text', { ...whole, values: [{ name: 'a.yaml', content: 'a: 2' }] }],
    ['the order of the texts', { ...whole, values: values.toReversed() }],
    ['no texts', { release: 'r', namespace: 'n', kubeVersion: '1.31', apiVersions: ['a/v1'] }],
    ['the release', { ...whole, release: 's' }],
    ['the namespace', { ...whole, namespace: 'm' }],
    ['the version of Kubernetes', { ...whole, kubeVersion: '1.32' }],
    ['the API versions', { ...whole, apiVersions: ['b/v1'] }],
  ])('is another one for %s', (_, other) => {
    expect(renderingDigest(other)).not.toBe(renderingDigest(whole));
  });

  it('is one for several ways of rendering, whatever their order, and not that of a single one', () => {
    const [a, b] = [renderingDigest(whole), renderingDigest({})];
    expect(renderingsDigest([a, b, a])).toBe(renderingsDigest([b, a]));
    expect(new Set([a, b, renderingsDigest([a]), renderingsDigest([b]), renderingsDigest([a, b])]).size).toBe(
      5,
    );
    // printf '["%s","%s"]' of the sorted digests | sha256sum
    expect(renderingsDigest([digestOf('b'), digestOf('a')])).toBe(
      'sha256:647e4d4196a17455fc4873907c3261991589a5f57d7695c9d5f2f2ed139e862f',
    );
  });
});

describe('what a wished chart is rendered with', () => {
  const wish = { kind: 'chart', from: 'oci', ref: 'c.example/a', version: '1' } as const;

  it("is what its line says, once or several times, and Helm's defaults where it says nothing", () => {
    expect(renderingsOf(wish)).toEqual([{}]);
    expect(renderingsOf({ ...wish, rendering: { release: 'a' } })).toEqual([{ release: 'a' }]);
    const installations = [{ release: 'a' }, { release: 'b' }];
    expect(renderingsOf({ ...wish, installations })).toEqual(installations);
  });
});
