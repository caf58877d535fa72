import { describe, expect, it } from 'vitest';
import { type RenderingInput, renderingDigest } from './chart-rendering.ts';

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
});
