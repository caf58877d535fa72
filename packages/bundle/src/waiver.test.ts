import { GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { bundleJsonSchema, parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';
import type { Waivable } from './waivable.ts';
import { type Waiver, waiverOf } from './waiver.ts';

function parse(waiver: string): readonly Waiver[] | undefined {
  const text = `format: gapferry.bundle/1\nname: line-a\nimages: [nginx:1]\nwaivers:\n  - ${waiver}\n`;
  return parseBundleConfig(text, 'bundle.yaml', (url) => url).waivers;
}

function problemsOf(waiver: string): string[] {
  try {
    parse(waiver);
    return [];
  } catch (error) {
    if (!(error instanceof GapferryError)) throw error;
    return (error.data['problems'] as Problem[]).map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('a waiver', () => {
  it.each([
    ['image', 'quay.io/debug/**'],
    ['chart', 'charts.example.org/stable/nginx'],
    ['git', 'gitserver/ops/line-a'],
    ['chart', '**/debug:*'],
  ])('is read with its reason: %s %s', (kind, pattern) => {
    expect(parse(`{${kind}: "${pattern}", reason: only for debugging}`)).toEqual([
      { [kind]: pattern, reason: 'only for debugging' },
    ]);
  });

  it.each([
    ['{image: "quay.io/a"}', 'waivers[0].reason: is missing'],
    ['{image: "quay.io/a", reason: " "}', 'waivers[0].reason: must say why'],
    ['{image: busybox, reason: small}', 'waivers[0].image: fits no name'],
    ['{image: "quay.io/a", reason: x, until: "2027"}', 'waivers[0].until'],
    ['{reason: x}', 'waivers[0]: must have exactly one of image, chart and git'],
    ['{image: "quay.io/a", git: "g.example/a", reason: x}', 'waivers[0]: must have exactly one of'],
    ['{chart: nginx, reason: x}', 'waivers[0].chart: fits no name: write it with its host'],
    ['{git: "https://g.example/a", reason: x}', 'waivers[0].git: is held against names (host/path)'],
    ['{chart: "oci://g.example/a", reason: x}', 'leave out the scheme'],
  ])('is refused where it says too little or too much: %s', (waiver, problem) => {
    expect(problemsOf(waiver)).toEqual([expect.stringContaining(problem)]);
  });

  it('has exactly one kind in the schema for editors too', () => {
    expect(bundleJsonSchema()).toMatchObject({
      properties: {
        waivers: {
          items: { oneOf: [{ required: ['image'] }, { required: ['chart'] }, { required: ['git'] }] },
        },
      },
    });
  });
});

describe('what a waiver covers', () => {
  const covers = (waivable: Waivable, ...[kind, id]: [Parameters<typeof waiverOf>[0], string]): boolean =>
    waiverOf(kind, id, [{ ...waivable, reason: 'r' }]) !== undefined;

  it('is an image with or without tag, and what is no reference as it is written', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(covers({ image: 'quay.io/a/b' }, 'image', 'quay.io/a/b:1')).toBe(true);
    expect(covers({ image: 'quay.io/a/b:1' }, 'image', `quay.io/a/b:1@${digest}`)).toBe(true);
    expect(covers({ image: 'quay.io/a/b:2' }, 'image', 'quay.io/a/b:1')).toBe(false);
    expect(covers({ image: 'quay.io/*' }, 'image', 'quay.io/a/b:1')).toBe(false);
    expect(covers({ image: 'quay.io/**' }, 'image', 'quay.io/a/b:1')).toBe(true);
    expect(covers({ image: '**:' }, 'image', 'not a reference:')).toBe(true);
  });

  it('is a chart with or without version', () => {
    const id = 'charts.example.org:8443/stable/nginx:4.11.3';
    expect(covers({ chart: id }, 'chart', id)).toBe(true);
    expect(covers({ chart: 'charts.example.org:8443/stable/nginx' }, 'chart', id)).toBe(true);
    expect(covers({ chart: 'charts.example.org:8443/*/nginx:4.*' }, 'chart', id)).toBe(true);
    expect(covers({ chart: 'charts.example.org:8443/stable/nginx:5.*' }, 'chart', id)).toBe(false);
    expect(covers({ chart: 'charts.example.org' }, 'chart', 'charts.example.org:8443/nginx')).toBe(false);
  });

  it('is a repository, with .git or without', () => {
    expect(covers({ git: 'git.example.org/ops/*' }, 'git', 'git.example.org/ops/line-a')).toBe(true);
    expect(covers({ git: 'git.example.org/ops/line-a.git' }, 'git', 'git.example.org/ops/line-a')).toBe(true);
    expect(covers({ git: 'git.example.org/*' }, 'git', 'git.example.org/ops/line-a')).toBe(false);
  });

  it('is of its kind alone', () => {
    expect(covers({ image: 'a.example/**' }, 'chart', 'a.example/b:1')).toBe(false);
    expect(covers({ chart: 'a.example/**' }, 'git', 'a.example/b')).toBe(false);
    expect(covers({ git: 'a.example/**' }, 'image', 'a.example/b:1')).toBe(false);
  });
});
