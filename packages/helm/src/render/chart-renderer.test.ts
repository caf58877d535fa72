import { type ErrorCode, GapferryError, quietRun, type RunEvent } from '@gapferry/core';
import { makeChart } from '@gapferry/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { createChartRenderer, type RenderedChart, type RenderJob } from './chart-renderer.ts';

// One engine for the whole file: charts meet it one after the other, good ones and bad ones.
const renderer = createChartRenderer({ memoryMiB: 128 });
afterAll(() => renderer.close());

type Files = Readonly<Record<string, string>>;

async function archiveOf(templates: Files, files: Files = {}): Promise<Uint8Array> {
  const { archive } = await makeChart({ name: 'demo', version: '1.2.3', templates, files });
  return archive;
}

async function render(
  templates: Files,
  more: Partial<RenderJob> & { files?: Files } = {},
): Promise<RenderedChart> {
  const { files = {}, ...job } = more;
  return renderer.render(
    { item: 'the demo', archive: await archiveOf(templates, files), ...job },
    quietRun(),
  );
}

async function failure(
  templates: Files,
  more: Partial<RenderJob> & { files?: Files } = {},
): Promise<GapferryError> {
  const error = await render(templates, more).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(GapferryError);
  return error as GapferryError;
}

async function code(templates: Files, more: Partial<RenderJob> & { files?: Files } = {}): Promise<ErrorCode> {
  return (await failure(templates, more)).code;
}

describe('a chart', () => {
  it('renders to its resources in the order of their kinds, then its hooks', async () => {
    const { text, notes } = await render(
      {
        'b.yaml': 'kind: Deployment\nname: {{ .Release.Name }}-{{ .Values.tier }}\n',
        'a.yaml':
          'kind: Service\nnamespace: {{ .Release.Namespace }}\n---\nkind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n',
        'NOTES.txt': 'Thanks for {{ .Chart.Name }}',
      },
      { files: { 'values.yaml': 'tier: web\n' } },
    );
    expect(text).toBe(`---
# Source: demo/templates/a.yaml
kind: Service
namespace: default

---
# Source: demo/templates/b.yaml
kind: Deployment
name: release-name-web
---
# Source: demo/templates/a.yaml
kind: Job
metadata: {annotations: {helm.sh/hook: test}}

`);
    expect(notes).toBe('Thanks for demo');
  });

  it('is given values of which later ones win, a release, a namespace, a version and versions of APIs', async () => {
    const { text } = await render(
      {
        'a.yaml': `release: {{ .Release.Name }}.{{ .Release.Namespace }}
values: {{ .Values | toJson }}
kube: {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion.Minor }}
known: {{ .Capabilities.APIVersions.Has "apps/v1" }} {{ .Capabilities.APIVersions.Has "example.org/v1/Valve" }}
helm: {{ .Capabilities.HelmVersion.Version }}
`,
      },
      {
        files: { 'values.yaml': 'a: {one: 1, two: 2}\nb: chart\n' },
        values: [
          { name: 'site', content: 'a: {two: 22, three: 3}\nb: site\n' },
          { name: 'line', content: 'b: line\na: {one: null, three: null}\n' },
        ],
        release: 'line-a',
        namespace: 'plant',
        kubeVersion: '1.30.2',
        apiVersions: ['example.org/v1/Valve'],
      },
    );
    expect(text.split('\n').slice(2)).toEqual([
      'release: line-a.plant',
      'values: {"a":{"three":null,"two":22},"b":"line"}',
      'kube: v1.30.2 30',
      'known: true true',
      'helm: v4.3.1',
      '',
    ]);
  });

  it('shows definitions and tests only when they are wanted', async () => {
    const files = { 'crds/valve.yaml': 'kind: CustomResourceDefinition\n' };
    const templates = { 'test.yaml': 'kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n' };
    expect((await render(templates, { files })).text).toContain('demo/templates/test.yaml');
    const other = await render(templates, { files, crds: true, tests: false });
    expect(other.text).toBe('---\n# Source: demo/crds/valve.yaml\nkind: CustomResourceDefinition\n');
  });

  it('renders to the same whatever was rendered before: clock, random words, keys and certificates', async () => {
    const templates = {
      'a.yaml': `now: {{ now }}
words: {{ randAlphaNum 20 }} {{ uuidv4 }} {{ shuffle "abcdefghijklmnop" }}
keys: {{ keys (dict "a" 1 "b" 2 "c" 3 "d" 4 "e" 5 "f" 6 "g" 7) }}
key: {{ genPrivateKey "ecdsa" | b64enc }}
`,
    };
    const first = await render(templates);
    await render({ 'b.yaml': 'a: {{ repeat 20000000 "x" | len }}{{ randAlphaNum 5 }}\n' });
    await code({ 'c.yaml': '{{ fail "no" }}' });
    expect(await render(templates)).toEqual(first);
    const other = createChartRenderer();
    expect(await other.render({ item: 'again', archive: await archiveOf(templates) }, quietRun())).toEqual(
      first,
    );
    await other.close();
    expect(first.text).toContain('now: 2000-01-01 00:00:00');
  });

  it('reaches no file, no cluster and no name', async () => {
    const { text } = await render({
      'a.yaml': `files: [{{ .Files.Get "/etc/passwd" | quote }}, {{ .Files.Get "../../etc/passwd" | quote }}]
cluster: {{ lookup "v1" "Secret" "kube-system" "" | toJson }}
name: {{ getHostByName "localhost" | quote }}
`,
    });
    expect(text).toContain('files: ["", ""]\ncluster: {}\nname: ""\n');
  });

  it('that Helm warns about is told to the run', async () => {
    const events: RunEvent[] = [];
    const archive = await archiveOf({ 'a.yaml': 'a: b\n' }, { 'values.yaml': 'a: {b: {c: "\\e[31m"}}\n' });
    const values = [{ name: 'site', content: 'a: {b: d}\n' }];
    await renderer.render(
      { item: 'the demo', archive, values },
      { ...quietRun(), emit: (event) => events.push(event) },
    );
    expect(events).toContainEqual({
      kind: 'warning',
      item: 'the demo',
      message: expect.stringMatching(/^helm: warning: .* table .*demo\.a\.b .*\\u\{1b\}/),
    });
  });
});

describe('a chart that does not render', () => {
  const place = (error: GapferryError): unknown => {
    const { file, line, cause } = error.data;
    return [error.code, file, line, cause];
  };

  it.each<[string, Files, Files, readonly unknown[]]>([
    ['fails on purpose', { 'a.yaml': '\n{{ fail "no way" }}' }, {}, ['demo/templates/a.yaml', 2, 'no way']],
    [
      'requires a value',
      { 'a.yaml': 'a: b\n\nc: {{ required "c is needed" .Values.c }}' },
      {},
      ['demo/templates/a.yaml', 3, 'c is needed'],
    ],
    [
      'fails in a template that another calls',
      { 'a.yaml': 'a: {{ include "f" . }}', '_f.tpl': '{{ define "f" }}\n{{ .Values.x.y.z }}{{ end }}' },
      {},
      ['demo/templates/_f.tpl', 2, 'nil pointer evaluating interface {}.y'],
    ],
    [
      'fails in what tpl is given',
      { 'a.yaml': 'a: b\nb: {{ tpl .Values.t . }}' },
      { 'values.yaml': 't: "{{ .Values.x.y.z }}"' },
      ['demo/templates/a.yaml', 2, 'nil pointer evaluating interface {}.y'],
    ],
    [
      'is no template',
      { 'a.yaml': 'a: b\n{{ if }}' },
      {},
      ['demo/templates/a.yaml', 2, 'missing value for if'],
    ],
    [
      'renders to what is not YAML',
      { 'a.yaml': 'a: b\nc: [1\nd: e' },
      {},
      ['demo/templates/a.yaml', 2, "not YAML: yaml: line 2: did not find expected ',' or ']'"],
    ],
    [
      'names itself without end',
      { 'a.yaml': '{{ include "f" . }}', '_f.tpl': '{{ define "f" }}{{ include "f" . }}{{ end }}' },
      {},
      ['demo/templates/_f.tpl', 1, expect.stringContaining('nested reference name: f')],
    ],
    [
      'has the template call itself without end',
      { 'a.yaml': '{{ template "f" . }}', '_f.tpl': '{{ define "f" }}{{ template "f" . }}{{ end }}' },
      {},
      ['demo/templates/_f.tpl', 1, 'exceeded maximum template depth (1000)'],
    ],
    [
      'has aliases that multiply',
      {
        'a.yaml': `a: &a [${'x,'.repeat(99)}x]\n${'bcdefg'.replace(/./g, (at) => `${at}: &${at} [${`*${String.fromCharCode(at.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
      },
      {},
      ['demo/templates/a.yaml', undefined, 'not YAML: yaml: document contains excessive aliasing'],
    ],
  ])('because it %s has file, line and cause', async (_, templates, files, expected) => {
    const error = await failure(templates, { files });
    expect(place(error)).toEqual(['CONFIG_INVALID', ...expected]);
    expect(error.message).toMatch(/^the demo: chart demo 1\.2\.3 does not render: /);
    expect(error.message).toContain(error.data['file']);
  });

  it('says what the schema wants', async () => {
    const schema = { type: 'object', properties: { port: { type: 'number' } }, required: ['host'] };
    const files = { 'values.schema.json': JSON.stringify(schema), 'values.yaml': 'port: many\n' };
    const { message } = await failure({}, { files });
    expect(message).toMatch(/schema.* demo: .*missing property 'host'.*'\/port': got string, want number/);
  });

  it.each(['https://schemas.example.org/a.json', 'http://127.0.0.1:1/a.json', 'file:///etc/passwd'])(
    'refuses a schema that refers to %s',
    async (reference) => {
      const files = { 'values.schema.json': JSON.stringify({ $ref: reference }) };
      const { code, message } = await failure({}, { files });
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain(
        `the values schema refers to "${reference}": only references inside the schema`,
      );
    },
  );

  it.each<[string, Partial<RenderJob> & { files?: Files }, RegExp]>([
    [
      'values that are not YAML',
      { values: [{ name: 'site.yaml', content: 'a: b\nc: [' }] },
      /site\.yaml:\d+: .*not YAML/,
    ],
    ['a release name that is none', { release: 'Über' }, /release name "Über": invalid release name/],
    ['a Kubernetes version that is none', { kubeVersion: 'new' }, /invalid kube version 'new'/],
    [
      'a Kubernetes too old for it',
      {
        kubeVersion: '1.20',
        files: { 'Chart.yaml': 'apiVersion: v2\nname: demo\nversion: 1.2.3\nkubeVersion: ">=1.25"\n' },
      },
      /chart requires kubeVersion: >=1\.25/,
    ],
    [
      'a type that is a library',
      { files: { 'Chart.yaml': 'apiVersion: v2\nname: demo\nversion: 1.2.3\ntype: library\n' } },
      /library charts are not installable/,
    ],
    [
      'a dependency that is not there',
      {
        files: {
          'Chart.yaml':
            'apiVersion: v2\nname: demo\nversion: 1.2.3\ndependencies: [{name: pump, version: 1.0.0}]\n',
        },
      },
      /missing in charts\/ directory: pump/,
    ],
  ])('refuses %s', async (_, job, message) => {
    const error = await failure({}, job);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });

  it('puts no control character on a terminal', async () => {
    const { message } = await failure({ 'a.yaml': '{{ fail "\\u001b[31mred\\u202e" }}' });
    expect(message).toContain('\\u{1b}[31mred\\u{202e}');
  });
});

describe('an archive', () => {
  const of = async (archive: Uint8Array): Promise<GapferryError> =>
    renderer.render({ item: 'the demo', archive }, quietRun()).then(
      () => expect.unreachable(),
      (error: GapferryError) => error,
    );

  it('that is no chart is refused', async () => {
    expect(await of(Buffer.from('<html>'))).toMatchObject({
      code: 'CONTENT_INVALID',
      message: 'the demo: the archive cannot be read as a chart: it is not a gzipped archive',
    });
    expect(await of((await archiveOf({})).subarray(0, 60))).toMatchObject({ code: 'CONTENT_INVALID' });
    expect(await of(await archiveOf({}, { 'Chart.yaml': 'a: [' }))).toMatchObject({
      code: 'CONTENT_INVALID',
      data: { file: 'Chart.yaml', line: 1 },
    });
    expect(await of(await archiveOf({}, { '../../evil': 'x' }))).toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('that unpacks to more than the memory holds is stopped', async () => {
    const { archive } = await makeChart({
      name: 'demo',
      version: '1.2.3',
      files: { zeros: Buffer.alloc(90 * 1024 * 1024) },
    });
    expect(await of(archive)).toMatchObject({ code: 'LIMIT_EXCEEDED', data: { limit: 'memory' } });
    expect((await render({ 'a.yaml': 'a: b' })).text).toContain('a: b');
  });
});

describe('a chart that takes too much', () => {
  it.each<[string, string, string]>([
    ['text', 'a: {{ repeat 70000000 "x" }}', 'memory|output'],
    ['memory', '{{ range $i := 1000000000000 }}{{ repeat 1000000 "x" }}{{ end }}', 'memory'],
  ])('%s is stopped, and the next one renders', async (_, template, limit) => {
    const error = await failure({ 'a.yaml': template });
    expect(error.code).toBe('LIMIT_EXCEEDED');
    expect(error.data['limit']).toMatch(new RegExp(limit));
    expect((await render({ 'a.yaml': 'a: b' })).text).toContain('a: b');
  });

  it('output is told from memory', async () => {
    const roomy = createChartRenderer();
    const archive = await archiveOf({ 'a.yaml': 'a: {{ repeat 70000000 "x" }}' });
    await expect(roomy.render({ item: 'the demo', archive }, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      data: { limit: 'output' },
    });
    await roomy.close();
  });

  it('time together with others is not rendered any more', async () => {
    const worn = createChartRenderer({ totalMs: 1 });
    const archive = await archiveOf({ 'a.yaml': 'a: b' });
    expect((await worn.render({ item: 'the first', archive }, quietRun())).text).toContain('a: b');
    await expect(worn.render({ item: 'the second', archive }, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/^the second: .*those before it took longer/),
      data: { limit: 'total', item: 'the second' },
    });
    await worn.close();
  });

  it('time is stopped, and the next one has a new thread', async () => {
    const hasty = createChartRenderer({ timeoutMs: 4000 });
    const endless = {
      item: 'the loop',
      archive: await archiveOf({ 'a.yaml': '{{ range $i := 1000000000000 }}{{ end }}' }),
    };
    const short = { item: 'the demo', archive: await archiveOf({ 'a.yaml': 'a: b' }) };
    const [late, text] = await Promise.allSettled([
      hasty.render(endless, quietRun()),
      hasty.render(short, quietRun()),
    ]);
    expect(late).toMatchObject({
      reason: { code: 'LIMIT_EXCEEDED', data: { limit: 'time', item: 'the loop' } },
    });
    expect(text).toMatchObject({ value: { text: '---\n# Source: demo/templates/a.yaml\na: b\n' } });
    await hasty.close();
  });

  it('is left when the run is stopped or the renderer closed', async () => {
    const endless = {
      item: 'the loop',
      archive: await archiveOf({ 'a.yaml': '{{ range $i := 1000000000000 }}{{ end }}' }),
    };
    const stop = new AbortController();
    const one = createChartRenderer();
    const stopped = expect(one.render(endless, quietRun(stop.signal))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    setImmediate(() => stop.abort());
    await stopped;
    const closed = expect(one.render(endless, quietRun())).rejects.toMatchObject({ code: 'INTERNAL' });
    setImmediate(() => one.close());
    await closed;
  });
});
