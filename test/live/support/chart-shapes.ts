import type { ChartInput } from '@gapferry/testkit';
import { makeChart } from '@gapferry/testkit';

/** A chart and what it is rendered with, for Helm and for gapferry. */
export interface ChartShape {
  readonly about: string;
  readonly archive: Uint8Array;
  readonly values?: readonly string[];
  readonly release?: string;
  readonly namespace?: string;
  readonly apiVersions?: readonly string[];
  readonly crds?: boolean;
  readonly tests?: boolean;
  /** What differs between versions 3 and 4 of Helm: what they were built with, where webhooks stand, what is between dashes alone, defaults of null. */
  readonly only?: 'helm-4';
}

const IMAGE = 'image: {{ .Values.image }}:{{ .Values.tag | default .Chart.AppVersion }}';
const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-${name}
spec: {template: {spec: {containers: [{name: ${name}, ${IMAGE}}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}-values
data:
  values: {{ .Values | toJson | quote }}
`;

/** The shapes that Helm and gapferry must render alike. */
export async function chartShapes(): Promise<ChartShape[]> {
  return Promise.all([
    dependencies(),
    library(),
    functions(),
    hooks(),
    kinds(),
    definitions(),
    capabilities(),
  ]);
}

/** Conditions, tags, import-values, globals, alias. */
async function dependencies(): Promise<ChartShape> {
  const pump = await makeChart({
    name: 'pump',
    version: '1.2.0',
    appVersion: '3.1',
    values: 'image: pump\nglobal: {site: none}\nexports: {ports: {pumpPort: 80}}\ndata: {flow: 5, unit: l}\n',
    templates: { 'deployment.yaml': deployment('pump') },
  });
  const valve = await makeChart({
    name: 'valve',
    version: '0.9.1',
    values: 'image: valve\ntag: "1"\nmode: {a: 1, b: 2}\n',
    templates: { 'deployment.yaml': deployment('valve') },
    subcharts: [
      await makeChart({
        name: 'seal',
        version: '1.0.0',
        values: 'image: seal\ntag: "7"\n',
        templates: { 'seal.yaml': deployment('seal') },
      }),
    ],
  });
  const one = { version: '*', repository: 'https://charts.example' };
  const metadata = {
    apiVersion: 'v2',
    name: 'plant',
    version: '2.0.0',
    dependencies: [
      {
        ...one,
        name: 'pump',
        condition: 'pump.enabled',
        'import-values': ['ports', { child: 'data', parent: 'imported' }],
      },
      { ...one, name: 'pump', alias: 'sparePump', condition: 'spare.enabled,sparePump.enabled' },
      { ...one, name: 'pump', alias: 'oldPump', tags: ['old'] },
      { ...one, name: 'valve', tags: ['old', 'new'] },
    ],
  };
  const archive = await packed({
    name: 'plant',
    version: '2.0.0',
    values:
      'image: plant\ntag: "2"\nglobal: {site: north, registry: {host: r.example}}\npump: {enabled: true, data: {flow: 6}}\nsparePump: {enabled: true}\ntags: {old: false, new: true}\n',
    templates: { 'plant.yaml': deployment('plant') },
    subcharts: [pump, valve],
    files: { 'Chart.yaml': JSON.stringify(metadata) },
  });
  return {
    about: 'conditions, tags, import-values, globals and aliases',
    archive,
    values: [
      'spare: {enabled: false}\nglobal: {site: south}\nvalve: {mode: {a: null}, seal: {tag: "8"}}\n',
      'spare: {enabled: true}\noldPump: {tag: x}\n',
    ],
    release: 'line-a',
    namespace: 'plant',
  };
}

async function library(): Promise<ChartShape> {
  const metadata = { apiVersion: 'v2', name: 'common', version: '1.0.0', type: 'library' };
  const common = await makeChart({
    name: 'common',
    version: '1.0.0',
    templates: {
      '_names.tpl': `{{- define "common.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name | trunc 63 }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}`,
      'ignored.yaml': 'kind: Ignored\n',
    },
    files: { 'Chart.yaml': JSON.stringify(metadata) },
  });
  const archive = await packed({
    name: 'uses-library',
    version: '1.0.0+build.1',
    templates: {
      'service.yaml':
        'apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    {{- include "common.labels" . | nindent 4 }}\n',
    },
    subcharts: [common],
    dependencies: [{ name: 'common', version: '1.x.x', repository: 'file://../common' }],
  });
  return { about: 'a library chart', archive };
}

/** tpl, include, Files, many functions, files in odd places, an empty lookup. */
async function functions(): Promise<ChartShape> {
  const archive = await packed({
    name: 'functions',
    version: '1.0.0',
    values:
      'text: "{{ .Release.Name }} {{ include \\"one\\" . }}"\nnumbers: [1, 2.50, 1e3, 0x10, 010, 12345678901234567890]\nwhen: 2024-01-02\nyes: on\nmap: {b: 1, a: [x, {y: z}]}\n',
    files: {
      'config/a.conf': 'level=1\n# ä 漢\n',
      'config/b.bin': Uint8Array.of(0, 1, 2, 200, 255),
      'config/c.yaml': 'c: {d: e}\n',
      '.helmignore': 'config/ignored\n',
      'config/ignored': 'x',
    },
    templates: {
      '_helpers.tpl': '{{ define "one" }}one {{ .Chart.Name }}{{ end }}',
      'nested/deep.yaml': `values: {{- .Values | toYaml | nindent 2 }}
tpl: {{ tpl .Values.text . | quote }}
{{- range $name, $content := .Files.Glob "config/*" }}
{{ base $name | quote }}: {{ $content | toString | b64enc }}
{{- end }}
config: {{ (.Files.Glob "config/*.conf").AsConfig | nindent 2 }}
secrets: {{ (.Files.Glob "config/*.bin").AsSecrets | nindent 2 }}
lines: {{ .Files.Lines "config/a.conf" | toJson }}
lookup: {{ lookup "v1" "Secret" "default" "none" | toJson }}
`,
      'odd.yaml': `{{- /* nothing of this */ -}}
all: |
  words: {{ list "b" "a" | sortAlpha | join "," }} {{ "Straße" | upper | b32enc }} {{ regexReplaceAll "[aeiou]" "template" "_" }}
  toml: {{ dict "a" (dict "b" 1) | toToml | quote }}
  json: {{ fromJson "{\\"a\\": [1, 2.5, \\"x\\"]}" | toJson }} {{ fromYaml "a: {b: 1}" | toJson }} {{ fromYamlArray "[1, b]" | toJson }}
  pretty: {{ dict "html" "<a&b>" | toPrettyJson | quote }} {{ toRawJson (dict "html" "<a&b>") }}
  semver: {{ semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }} {{ semver "1.2.3-a+b" | toJson }}
  math: {{ add 1 2.7 "3" }} {{ mulf 1.5 2 }} {{ round 3.14159 2 }} {{ div 7 2 }} {{ mod 7 2 }} {{ max 1 9 3 }} {{ ceil 1.2 }}
  hash: {{ sha256sum "x" }} {{ adler32sum "x" }} {{ derivePassword 1 "long" "password" "user" "example.org" }}
  dates: {{ date "2006-01-02" (toDate "2006-01-02" "2024-02-29") }} {{ duration 3661 }}
  paths: {{ dir "/a/b/c" }} {{ ext "a.tar.gz" }} {{ urlParse "https://u@h:1/p?q=1#f" | toJson }}
  dicts: {{ mergeOverwrite (dict "a" 1 "b" (dict "c" 1)) (dict "b" (dict "d" 2)) | toJson }} {{ dig "a" "b" "none" (dict "a" (dict "b" 5)) }}
  missing: "{{ .Values.nowhere }}{{ (.Values.nowhere).deeper }}"
`,
      'empty.yaml': '{{ if false }}kind: Never{{ end }}\n\n',
      'comment.yaml': '# only a comment\n',
      'crlf.yaml': 'kind: Service\r\nmetadata: {name: crlf}\r\n---\r\nkind: ConfigMap\r\n',
      'dashes.yaml': '---\nkind: Secret\nstringData: {a: "---"}\n--- # again\nkind: Role\n',
      'no-newline.yaml': 'kind: Pod',
      'NOTES.txt': 'never seen',
    },
  });
  return { about: 'tpl, include, Files and functions', archive };
}

async function hooks(): Promise<ChartShape> {
  const hook = (kind: string, events: string, weight: string): string => `kind: ${kind}
metadata:
  name: h${weight.replace('-', 'm')}
  annotations: {helm.sh/hook: "${events}", helm.sh/hook-weight: "${weight}", helm.sh/hook-delete-policy: hook-succeeded}
`;
  const archive = await packed({
    name: 'hooks',
    version: '1.0.0',
    templates: {
      'jobs.yaml': [
        hook('Job', 'pre-install, pre-upgrade', '5'),
        hook('ConfigMap', 'pre-install', '-5'),
        hook('Job', 'no-such-hook', '0'),
        'kind: Service\n',
      ].join('---\n'),
      'tests/connect.yaml': hook('Pod', 'test', '1'),
      'tests/old.yaml': hook('Pod', 'test-success', '2'),
      'crd-hook.yaml': hook('CustomResourceDefinition', 'crd-install', '1'),
    },
  });
  return { about: 'hooks and tests', archive };
}

/** Every kind in the order of installation, and kinds that Helm does not know. */
async function kinds(): Promise<ChartShape> {
  const names =
    'Zebra APIService Ingress CronJob Job StatefulSet Deployment Pod DaemonSet Service Role ClusterRole RoleBinding ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume Namespace NetworkPolicy ResourceQuota LimitRange PriorityClass CustomResourceDefinition HorizontalPodAutoscaler IngressClass Ant';
  const text = names.split(' ').map((kind, index) => `kind: ${kind}\nmetadata: {name: n${index % 3}}\n`);
  const archive = await packed({
    name: 'kinds',
    version: '1.0.0',
    templates: { 'b.yaml': text.slice(0, 15).join('---\n'), 'a.yaml': text.slice(12).join('---\n') },
  });
  return { about: 'kinds in the order of installation', archive };
}

async function definitions(): Promise<ChartShape> {
  const definition = (name: string): string =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: ${name}.example.org\n# {{ not a template }}\n`;
  const sub = await makeChart({
    name: 'sub',
    version: '1.0.0',
    files: { 'crds/sub.yaml': definition('sub') },
  });
  const archive = await packed({
    name: 'definitions',
    version: '1.0.0',
    subcharts: [sub],
    files: {
      'crds/b.yaml': definition('b'),
      'crds/a.yaml': `${definition('a')}---\n${definition('a2')}`,
      'crds/deep/c.yml': definition('c'),
    },
  });
  return { about: 'definitions of resources (CRDs)', archive, crds: true, tests: false };
}

async function capabilities(): Promise<ChartShape> {
  const archive = await packed({
    name: 'capabilities',
    version: '1.0.0',
    values: 'none: ~\nmap: {none: null}\n',
    templates: {
      'dashes.yaml': 'kind: Role\n---\n---\n---\n',
      'webhook.yaml':
        'kind: MutatingWebhookConfiguration\n---\nkind: ValidatingWebhookConfiguration\n---\nkind: APIService\n',
      'a.yaml': `kube: {{ .Capabilities.KubeVersion | toJson | quote }}
helm: {{ .Capabilities.HelmVersion.Version }} {{ .Capabilities.HelmVersion.KubeClientVersion }}
apis: {{ .Capabilities.APIVersions | toStrings | sortAlpha | toJson }}
has: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }} {{ .Capabilities.APIVersions.Has "x/v1" }}
release: {{ .Release | toJson | quote }}
chart: {{ list .Chart .Template .Subcharts .Values | toJson | quote }}
`,
    },
  });
  return {
    about: 'Capabilities, Release, Chart and Template',
    archive,
    apiVersions: ['monitoring.coreos.com/v1', 'x/v1/Y'],
    only: 'helm-4',
  };
}

async function packed(input: ChartInput): Promise<Uint8Array> {
  return (await makeChart(input)).archive;
}
