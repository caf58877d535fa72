import { describePlace, type ImageFinding } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { imagesInChart } from './images-in-chart.ts';

const CHART = 'apiVersion: v2\nname: historian\nversion: 1.0.0\nappVersion: "2.4"\n';
const SUB = 'apiVersion: v2\nname: redis\nversion: 7.0.0\nappVersion: "7.4"\n';

function found(files: Record<string, string>, rendered = ''): ImageFinding[] {
  const bytes = Object.entries(files).map(
    ([path, text]) => [`historian/${path}`, new TextEncoder().encode(text)] as const,
  );
  return imagesInChart({ rendered, files: new Map(bytes) });
}

/** `possible docker.io/x/y:1 historian/values.yaml: image.repository` */
function lines(files: Record<string, string>, rendered?: string): string[] {
  return found({ 'Chart.yaml': CHART, ...files }, rendered).map(
    ({ confidence, reference, place }) => `${confidence} ${reference} ${describePlace(place)}`,
  );
}

const pod = (image: string, source = 'historian/templates/a.yaml'): string =>
  `---\n# Source: ${source}\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: "${image}"}]}\n`;

it('tells a container whose image nobody gave', () => {
  const values = 'image: {repository: "", tag: "1"}\n';
  expect(lines({ 'values.yaml': values }, pod(':1'))).toEqual([
    'likely :1 historian/templates/a.yaml: Pod/p: spec.containers[0].image',
  ]);
});

describe('values.yaml', () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  it.each([
    ['repository and tag', 'image: {repository: x/y, tag: "1"}', 'x/y:1', 'image.repository'],
    [
      'a registry',
      'image: {registry: ghcr.io, repository: x/y, tag: v1}',
      'ghcr.io/x/y:v1',
      'image.repository',
    ],
    ['the appVersion for a tag', 'image: {repository: x/y, tag: ""}', 'x/y:2.4', 'image.repository'],
    [
      'a digest',
      `image: {repository: x/y, tag: "", digest: "${digest}"}`,
      `x/y@${digest}`,
      'image.repository',
    ],
    [
      'a digest of hex digits alone',
      `image: {repository: x/y, tag: v1, sha: ${digest.slice(7)}}`,
      `x/y:v1@${digest}`,
      'image.repository',
    ],
    [
      'a tag with a digest',
      `image: {repository: x/y, tag: "v1@${digest}"}`,
      `x/y:v1@${digest}`,
      'image.repository',
    ],
    [
      'a registry for all',
      'global: {imageRegistry: reg.example.org}\na: {image: {registry: docker.io, repository: x/y, tag: 1.2.3}}',
      'reg.example.org/x/y:1.2.3',
      'a.image.repository',
    ],
    ['a text', 'sidecar: {image: "quay.io/x/y:1"}', 'quay.io/x/y:1', 'sidecar.image'],
    ['a text with its tag beside it', 'image: x/y\nimageTag: "8.5"', 'x/y:8.5', 'image'],
    ['a prefixed text', 'proxyImage: envoy\nproxyImageTag: v1.30', 'envoy:v1.30', 'proxyImage'],
    [
      'registry, image and tag',
      'job: {registry: ghcr.io, image: x/y, tag: "3"}',
      'ghcr.io/x/y:3',
      'job.image',
    ],
    ['a list of images', 'extraImages: ["x/y:1"]', 'x/y:1', 'extraImages[0]'],
    ['a full reference under any name', 'runner: {use: "ghcr.io/x/y:1"}', 'ghcr.io/x/y:1', 'runner.use'],
  ])('is read with %s', (_what, values, reference, path) => {
    expect(lines({ 'values.yaml': values })).toEqual([
      `possible ${reference} historian/values.yaml: ${path}`,
    ]);
  });

  it.each([
    ['templates', 'image: {repository: "{{ .Values.x }}", tag: "1"}'],
    ['empty', 'image: {repository: "", tag: "1"}'],
    ['a picture', 'logoImage: assets/logo.png'],
    ['a repository of charts', 'backup: {repository: "s3:https://x/y"}'],
    [
      'pull policies and secrets',
      'imagePullPolicy: Always\nimagePullSecrets: [a]\nimage: {pullPolicy: Always}',
    ],
    ['addresses', 'url: http://example.org/x:1\nendpoint: redis.example.org:6379'],
  ])('has no image in %s', (_what, values) => {
    expect(lines({ 'values.yaml': values })).toEqual([]);
  });

  it('says nothing new of what is rendered, nor with a guessed tag of a rendered repository', () => {
    const values =
      'a: {image: {repository: x/a, tag: "1"}}\nb: {image: {repository: x/b}}\nc: {image: {repository: x/c, tag: "1"}}\n';
    expect(lines({ 'values.yaml': values }, pod('docker.io/x/a:1') + pod('x/b:v2.4'))).toEqual([
      'certain docker.io/x/a:1 historian/templates/a.yaml: Pod/p: spec.containers[0].image',
      'certain x/b:v2.4 historian/templates/a.yaml: Pod/p: spec.containers[0].image',
      'possible x/c:1 historian/values.yaml: c.image.repository',
    ]);
  });

  it('that is no YAML is refused with its name', () => {
    expect(() => lines({ 'values.yaml': 'a: [\n' })).toThrow(
      expect.objectContaining({
        code: 'CONTENT_INVALID',
        message: expect.stringContaining('historian/values.yaml'),
      }),
    );
  });
});

describe('subcharts', () => {
  const sub = { 'charts/redis/Chart.yaml': SUB };

  it('have their own values and appVersion', () => {
    const values =
      'image: {repository: bitnami/redis}\nmetrics: {image: {repository: x/exporter, tag: "1"}}\n';
    expect(lines({ ...sub, 'charts/redis/values.yaml': values })).toEqual([
      'possible bitnami/redis:7.4 historian/charts/redis/values.yaml: image.repository',
      'possible x/exporter:1 historian/charts/redis/values.yaml: metrics.image.repository',
    ]);
  });

  it('take what the chart around them says, once for every alias', () => {
    const chart = `${CHART}dependencies:\n- {name: redis, alias: cache}\n- {name: redis, alias: queue}\n`;
    const files = {
      'Chart.yaml': chart,
      'values.yaml': 'cache: {image: {tag: "8"}}\nglobal: {imageRegistry: reg.example.org}\n',
      ...sub,
      'charts/redis/values.yaml': 'image: {repository: bitnami/redis, tag: "7"}\n',
    };
    expect(lines(files)).toEqual([
      'possible reg.example.org/bitnami/redis:8 historian/values.yaml: cache.image.repository',
      'possible reg.example.org/bitnami/redis:7 historian/charts/redis/values.yaml: image.repository',
    ]);
  });
});

describe('annotations of Chart.yaml', () => {
  const images = `annotations:\n  artifacthub.io/images: |\n    - name: a\n      image: ghcr.io/x/a:1\n    - name: b\n      image: ghcr.io/x/b:1\n      condition: b.enabled\n`;

  it('are likely, and possible with a condition', () => {
    expect(lines({ 'Chart.yaml': CHART + images })).toEqual([
      'likely ghcr.io/x/a:1 historian/Chart.yaml: annotations["artifacthub.io/images"][0].image',
      'possible ghcr.io/x/b:1 historian/Chart.yaml: annotations["artifacthub.io/images"][1].image',
    ]);
  });

  it('are likely of a subchart that renders something, by its alias, and possible of one that renders nothing', () => {
    const files = {
      'Chart.yaml': `${CHART}dependencies: [{name: redis, alias: cache}]\n`,
      'charts/redis/Chart.yaml': `${SUB}annotations: {images: "- {name: r, image: 'x/redis:7'}"}\n`,
    };
    const of = (rendered: string): string | undefined =>
      found(files, rendered).find(({ method }) => method === 'annotation')?.confidence;
    expect(of(pod('x/z:1', 'historian/charts/cache/templates/a.yaml'))).toBe('likely');
    expect(of(pod('x/z:1', 'historian/templates/a.yaml'))).toBe('possible');
  });
});

it('finds what a template writes out though it is switched off', () => {
  const template =
    '{{- if .Values.x }}\n      image: busybox:1.36\n      image: "{{ .Values.y | default "ghcr.io/x/y:1" }}"\n      image: {{ .Values.z | default "alpine:3" }}\n      # image: x/no:1\n{{- end }}\n';
  expect(lines({ 'templates/a.yaml': template, 'templates/NOTES.txt': 'image: ghcr.io/x/no:1\n' })).toEqual([
    'possible busybox:1.36 historian/templates/a.yaml: line 2',
    'possible ghcr.io/x/y:1 historian/templates/a.yaml: line 3',
    'possible alpine:3 historian/templates/a.yaml: line 4',
  ]);
});

it('stops at charts that nest without end', () => {
  const files = Object.fromEntries(
    Array.from({ length: 25 }, (_, depth) => [`${'charts/x/'.repeat(depth)}Chart.yaml`, CHART]),
  );
  expect(() => lines(files)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
});
