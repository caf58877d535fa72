import { describeWish, GapferryError, type Wish } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

function wishes(...charts: readonly string[]): readonly Wish[] {
  const list = charts.map((chart) => `  - ${chart}\n`).join('');
  const text = `format: gapferry.bundle/1\nname: line-a\ncharts:\n${list}`;
  return parseBundleConfig(text, 'bundle.yaml', (url) => url).wishes;
}

function problemsOf(...charts: readonly string[]): string[] {
  try {
    wishes(...charts);
    return [];
  } catch (error) {
    if (!(error instanceof GapferryError)) throw error;
    return (error.data['problems'] as Problem[]).map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('a chart on this machine', () => {
  it('is named by its path, and by the place it would have upstream', () => {
    const [wish] = wishes('{chart: ../charts/historian, as: "oci://Charts.example.org:5000/line/historian"}');
    expect(wish).toEqual({
      kind: 'chart',
      from: 'local',
      path: '../charts/historian',
      ref: 'Charts.example.org:5000/line/historian',
    });
    expect(wish && describeWish(wish)).toBe(
      'chart Charts.example.org:5000/line/historian from ../charts/historian',
    );
  });

  it.each([
    ['{chart: a, as: "charts.example.org/a:1.0.0"}', /^charts\[0\]\.as: .*the version is the chart's own/],
    ['{chart: a, as: "charts.example.org/A b"}', /is not an image reference/],
    ['{chart: a}', /^charts\[0\]\.as: is missing/],
    ['{chart: "https://charts.example.org/a.tgz", as: charts.example.org/a}', /is not a file here/],
    ['{chart: "a\\e[2J", as: charts.example.org/a}', /characters that do not belong/],
    ['{chart: a, as: charts.example.org/a, version: "1"}', /version/],
  ])('is refused as %s', (entry, message) => {
    expect(problemsOf(entry)).toEqual([expect.stringMatching(message)]);
  });

  it('is not wanted twice', () => {
    const entry = '{chart: a, as: charts.example.org/a}';
    expect(problemsOf(entry, entry)).toEqual([expect.stringContaining('is wanted twice')]);
  });
});

describe('a provenance', () => {
  it.each([
    '{oci: charts.example.org/a, version: "1.0.0"',
    '{repo: "https://charts.example.org", name: a, version: "1.0.0"',
    '{chart: a.tgz, as: charts.example.org/a',
  ])('can be demanded of %s, …}', (entry) => {
    expect(wishes(`${entry}, provenance: {keyring: keys/up.gpg}}`)[0]).toMatchObject({
      provenance: { keyring: 'keys/up.gpg' },
    });
    expect(wishes(`${entry}}`)[0]).not.toHaveProperty('provenance');
    expect(problemsOf(`${entry}, provenance: {}}`)).toEqual([expect.stringContaining('keyring')]);
  });
});
