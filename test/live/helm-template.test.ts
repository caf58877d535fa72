import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quietRun } from '@gapferry/core';
import { createChartRenderer, helmProgram, type RenderJob } from '@gapferry/helm';
import {
  makeChart,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChartShape, chartShapes } from './support/chart-shapes.ts';
import { lacks, tool } from './support/tools.ts';

const HELMS = ['helm', 'helm-4'] as const;
/** Versions of Helm have different ones of their own. */
const KUBE_VERSION = '1.33.1';

const renderer = createChartRenderer();
const shapes = await chartShapes();
let home: TemporaryDirectory;
beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(async () => {
  await renderer.close();
  await home[Symbol.asyncDispose]();
});

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: home.path, TZ: 'UTC' });

/** What `helm template` says of the shape. */
async function template(
  helm: string,
  shape: ChartShape,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const archive = join(home.path, 'chart.tgz');
  await writeFile(archive, shape.archive);
  const args = ['template', shape.release ?? 'release-name', archive, '--kube-version', KUBE_VERSION];
  for (const [index, values] of (shape.values ?? []).entries()) {
    const path = join(home.path, `values-${index}.yaml`);
    await writeFile(path, values);
    args.push('--values', path);
  }
  for (const version of shape.apiVersions ?? []) args.push('--api-versions', version);
  if (shape.namespace !== undefined) args.push('--namespace', shape.namespace);
  if (shape.crds === true) args.push('--include-crds');
  if (shape.tests === false) args.push('--skip-tests');
  return runProcess(tool(helm), args, { cwd: home.path, env: environment() });
}

function toJob({
  about,
  archive,
  values = [],
  release,
  namespace,
  apiVersions,
  crds,
  tests,
}: ChartShape): RenderJob {
  return {
    item: about,
    archive,
    kubeVersion: KUBE_VERSION,
    values: values.map((content, index) => ({ name: `values-${index}.yaml`, content })),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(apiVersions !== undefined && { apiVersions }),
    ...(crds !== undefined && { crds }),
    ...(tests !== undefined && { tests }),
  };
}

/** Helm 4 leaves the blank lines at the end of a document, Helm 3 takes them away. */
const comparable = (helm: string, text: string): string =>
  helm === 'helm' ? `${text.replace(/\s*\n---\n# Source/g, '\n---\n# Source').trimEnd()}\n` : text;

const rendered = async (shape: ChartShape): Promise<string> =>
  (await renderer.render(toJob(shape), quietRun())).text;

describe.each(HELMS)('what %s prints', (helm) => {
  describe.skipIf(lacks(helm))('is what is rendered, byte for byte', () => {
    it.each(shapes.filter(({ only = helm }) => only === helm))('of $about', async (shape) => {
      const expected = await template(helm, shape);
      expect(expected.code, expected.stderr).toBe(0);
      expect(comparable(helm, await rendered(shape))).toBe(comparable(helm, expected.stdout));
    });

    it('of what it creates itself', async () => {
      const run = (...args: readonly string[]): Promise<string> =>
        mustRun(tool(helm), args, { cwd: home.path, env: environment() });
      await run('create', `made-by-${helm}`);
      await run('package', `made-by-${helm}`);
      const archive = await readFile(join(home.path, `made-by-${helm}-0.1.0.tgz`));
      const values = ['ingress: {enabled: true}\nautoscaling: {enabled: true}\nimage: {tag: "1.2"}\n'];
      for (const shape of [
        { about: 'created', archive },
        { about: 'created, with values', archive, values },
      ]) {
        const { stdout } = await template(helm, shape);
        expect(stdout).toContain('kind: Deployment');
        expect(comparable(helm, await rendered(shape))).toBe(comparable(helm, stdout));
      }
    });

    it('of every shape, where gapferry is told to use that helm', async () => {
      const program = helmProgram({ program: tool(helm), path: process.env['PATH'] ?? '' });
      for (const shape of shapes.filter(({ only = helm }) => only === helm)) {
        const { stdout } = await template(helm, shape);
        expect((await program.render(toJob(shape), quietRun())).text, shape.about).toBe(stdout);
      }
    });

    it.each([
      ['fails', { 'a.yaml': 'a: {{ fail "not like this" }}' }, {}],
      ['requires', { 'a.yaml': 'a: {{ required "a is needed" .Values.a }}' }, {}],
      [
        'nests',
        { 'a.yaml': '{{ include "f" . }}', '_f.tpl': '{{ define "f" }}{{ .Values.a.b.c }}{{ end }}' },
        {},
      ],
      ['is no template', { 'a.yaml': '{{ if }}' }, {}],
      ['is no YAML', { 'a.yaml': 'a: [1\nb: c' }, {}],
      [
        'names itself',
        { 'a.yaml': '{{ include "f" . }}', '_f.tpl': '{{ define "f" }}{{ include "f" . }}{{ end }}' },
        {},
      ],
      ['has values against its schema', {}, { 'values.schema.json': '{"required": ["port"]}' }],
    ])('and the cause where a chart %s', async (about, templates, files) => {
      const { archive } = await makeChart({ name: 'bad', version: '1.0.0', templates, files });
      const { code, stderr } = await template(helm, { about, archive });
      expect(code).toBe(1);
      const error: unknown = await renderer
        .render(toJob({ about, archive }), quietRun())
        .catch((caught) => caught);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      const { cause, file } = (error as { data: Record<string, string> }).data;
      expect(stderr).toContain(cause?.replace('not YAML: ', ''));
      expect(stderr).toContain(file ?? '');
    });
  });
});

describe.skipIf(lacks('go'))('the engine', () => {
  it('is what its source builds, bit for bit', { timeout: 600_000 }, async () => {
    const script = fileURLToPath(new URL('../../scripts/build-helm-engine.mjs', import.meta.url));
    const said = await runProcess(process.execPath, [script, '--check'], {
      cwd: home.path,
      env: { ...environment(), HOME: process.env['HOME'] },
    });
    // Go tells what it has to fetch first.
    const complaints = said.stderr.split('\n').filter((line) => !/^(?:go: downloading .*)?$/.test(line));
    expect({ code: said.code, complaints }).toEqual({ code: 0, complaints: [] });
  });
});
