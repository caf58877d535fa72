import { type ChartWish, GapferryError, wishDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type BundleConfig, parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

function parse(body: string): BundleConfig {
  return parseBundleConfig(`format: gapferry.bundle/1\nname: line-a\n${body}`, 'bundle.yaml', (url) => url);
}

function chartOf(members: string): ChartWish {
  const [wish] = parse(`charts:\n  - {oci: a.example/charts/b, version: 1.0.0${members}}`).wishes;
  if (wish?.kind !== 'chart') throw new Error('no chart');
  return wish;
}

function problemsOf(body: string): string[] {
  try {
    parse(body);
  } catch (error) {
    if (!(error instanceof GapferryError)) throw error;
    return (error.data['problems'] as Problem[]).map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('how a chart is rendered', () => {
  it('is nothing where nothing is said, and does not move the digest of the wish', () => {
    const plain = chartOf('');
    expect(plain).toEqual({ kind: 'chart', from: 'oci', ref: 'a.example/charts/b', version: '1.0.0' });
    expect(wishDigest(chartOf(', images: discover'))).toBe(wishDigest(plain));
  });

  it('is values in their order, files and in line, and where the chart is installed', () => {
    const wish = chartOf(
      ', values: [values/base.yaml, {b: 1.5, a: [x]}], release: historian, namespace: ot, kubeVersion: "1.31", apiVersions: [batch/v1]',
    );
    expect(wish.rendering).toEqual({
      values: [{ file: 'values/base.yaml' }, { inline: '{"a":["x"],"b":1.5}' }],
      release: 'historian',
      namespace: 'ot',
      kubeVersion: '1.31',
      apiVersions: ['batch/v1'],
    });
    expect(wishDigest(wish)).not.toBe(wishDigest(chartOf('')));
  });

  it('takes one file or one object alone, for every kind of source', () => {
    expect(chartOf(', values: base.yaml').rendering).toEqual({ values: [{ file: 'base.yaml' }] });
    const [wish] = parse(
      'charts: [{repo: "https://c.example", name: a, version: "1", values: {a: 1}}]',
    ).wishes;
    expect(wish).toMatchObject({ rendering: { values: [{ inline: '{"a":1}' }] } });
  });

  it('may be several ways, each with what the line says of all of them', () => {
    const wish = chartOf(
      ', values: base.yaml, kubeVersion: "1.31", installations: [{values: {b: 1}, release: b}, {release: a, namespace: x, kubeVersion: "1.30"}]',
    );
    expect(wish).not.toHaveProperty('rendering');
    expect(wish.installations).toEqual([
      { kubeVersion: '1.30', namespace: 'x', release: 'a', values: [{ file: 'base.yaml' }] },
      { kubeVersion: '1.31', release: 'b', values: [{ file: 'base.yaml' }, { inline: '{"b":1}' }] },
    ]);
  });

  it('is one wish, however it is spelt', () => {
    const [a, b] = ['{release: a, namespace: n}', '{release: b, namespace: n}'];
    const digests = [
      `, installations: [${a}, ${b}]`,
      `, installations: [${b}, ${a}]`,
      ', namespace: n, installations: [{release: b}, {release: a}]',
    ].map((members) => wishDigest(chartOf(members)));
    expect(new Set(digests).size).toBe(1);
    expect(chartOf(`, installations: [${a}]`)).toEqual(chartOf(', release: a, namespace: n'));
    expect(chartOf(', installations: [{}]')).toEqual(chartOf(''));
  });

  it('may be told not to look for images', () => {
    expect(chartOf(', images: none')).toMatchObject({ images: 'none' });
  });

  it.each([
    [', images: none, values: a.yaml', 'charts[0].values: says how the chart is rendered'],
    [', images: all', 'charts[0]'],
    [
      ', images: none, installations: [{release: a}]',
      'charts[0].installations: says how the chart is rendered',
    ],
    [', installations: []', 'charts[0]'],
    [
      ', installations: [{release: a}, {release: a}]',
      'charts[0].installations: has two that are rendered in the same',
    ],
    [', release: a, installations: [{}, {release: a}]', 'charts[0].installations: has two'],
    [', installations: [{images: none}]', 'charts[0].installations[0].images'],
    [', installations: [{release: A}]', 'charts[0].installations[0].release: must be a release name'],
    [', values: []', 'charts[0]'],
    [', values: [{a: .inf}]', 'charts[0]'],
    [', values: ["https://a.example/values.yaml"]', 'charts[0]'],
    [', release: Historian', 'charts[0]'],
    [', namespace: -x', 'charts[0]'],
    [', kubeVersion: new', 'charts[0]'],
    [', apiVersions: ["a b"]', 'charts[0]'],
  ])('is refused where it makes no sense: %s', (members, problem) => {
    const problems = problemsOf(`charts:\n  - {oci: a.example/b, version: 1.0.0${members}}`);
    expect(problems.join('\n')).toContain(problem);
  });
});
