import { type ChartWish, GapferryError, wishDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type BundleConfig, parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';
import { waiverOf } from './waiver.ts';

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

  it('may be told not to look for images', () => {
    expect(chartOf(', images: none')).toMatchObject({ images: 'none' });
  });

  it.each([
    [', images: none, values: a.yaml', 'charts[0].values: says how the chart is rendered'],
    [', images: all', 'charts[0]'],
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

describe('waivers', () => {
  const body = (waiver: string): string => `images: [nginx:1]\nwaivers:\n  - ${waiver}`;

  it('are read with their reason', () => {
    expect(parse(body('{image: "quay.io/debug/**", reason: only for debugging}')).waivers).toEqual([
      { image: 'quay.io/debug/**', reason: 'only for debugging' },
    ]);
  });

  it.each([
    ['{image: "quay.io/a"}', 'waivers[0].reason: is missing'],
    ['{image: "quay.io/a", reason: " "}', 'waivers[0].reason: must say why'],
    ['{image: busybox, reason: small}', 'waivers[0].image: fits no name'],
    ['{image: "quay.io/a", reason: x, until: "2027"}', 'waivers[0].until'],
  ])('say what is left out and why: %s', (waiver, problem) => {
    expect(problemsOf(body(waiver)).join('\n')).toContain(problem);
  });

  it('cover a name with or without tag, and what is no reference as it is written', () => {
    const covers = (image: string, name: string): boolean =>
      waiverOf('image', name, [{ image, reason: 'r' }]) !== undefined;
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(covers('quay.io/a/b', 'quay.io/a/b:1')).toBe(true);
    expect(covers('quay.io/a/b:1', `quay.io/a/b:1@${digest}`)).toBe(true);
    expect(covers('quay.io/a/b:2', 'quay.io/a/b:1')).toBe(false);
    expect(covers('quay.io/*', 'quay.io/a/b:1')).toBe(false);
    expect(covers('quay.io/**', 'quay.io/a/b:1')).toBe(true);
    expect(covers('**:', 'not a reference:')).toBe(true);
  });
});
