import type { KustomizeShape } from './kustomize-shapes.ts';

/** A chart whose images are all in its values, in Pods, in a List, in image volumes and in a kind that nobody knows. */
const chart = (home: string): Record<string, string> => ({
  [`${home}/web/Chart.yaml`]: 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
  [`${home}/web/values.yaml`]: 'web: {image: web, tag: "1"}\nside: "nginx:1"\nextra: {enabled: false}\n',
  [`${home}/web/templates/pod.yaml`]: `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec:
  initContainers: [{name: init, image: "{{ .Values.side }}"}]
  containers: [{name: web, image: "{{ .Values.web.image }}:{{ .Values.web.tag }}"}]
  volumes: [{name: data, image: {reference: "data:1"}}]
`,
  [`${home}/web/templates/list.yaml`]: `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: listed}, spec: {containers: [{name: a, image: "listed:1"}]}}
  {{- if .Values.extra.enabled }}
  - {apiVersion: v1, kind: Pod, metadata: {name: extra}, spec: {containers: [{name: a, image: "extra:1"}]}}
  {{- end }}
`,
  [`${home}/web/templates/own.yaml`]: `apiVersion: x.example/v1
kind: Own
metadata: {name: own}
spec: {deep: {containers: [{name: a, image: "own.example/a:1"}]}}
`,
});

/** Kustomizations around charts that lie beside them. */
export const CHART_SHAPES: readonly KustomizeShape[] = [
  {
    name: 'images of one kustomization',
    top: '.',
    files: {
      ...chart('charts'),
      'kustomization.yaml': `helmCharts: [{name: web, releaseName: r, namespace: ot}]
images:
  - {name: web, newName: mirror.example/web}
  - {name: mirror.example/web, newTag: "2"}
  - {name: data, tagSuffix: -arm}
  - {name: listed, tagSuffix: -arm}
  - {name: own.example/a, digest: "sha256:${'b'.repeat(64)}"}
`,
    },
  },
  {
    name: 'images of kustomizations in each other',
    top: 'prod',
    files: {
      ...chart('base/charts'),
      'base/kustomization.yaml':
        'helmCharts: [{name: web}]\nimages: [{name: web, newTag: base}, {name: nginx, newName: m/nginx}]\n',
      'prod/kustomization.yaml':
        'resources: [../base]\nimages: [{name: nginx, newTag: unseen}, {name: m/nginx, newTag: prod}, {name: web, newTag: prod}]\n',
    },
  },
  {
    name: 'values in line over those of a file',
    top: '.',
    files: {
      ...chart('vendor'),
      'kustomization.yaml': `helmGlobals: {chartHome: vendor}
helmCharts:
  - {name: web, valuesFile: site.yaml, valuesInline: {web: {tag: inline}}, additionalValuesFiles: [more.yaml]}
`,
      'site.yaml': 'web: {image: site, tag: site}\nextra: {enabled: true}\n',
      'more.yaml': 'side: "more:1"\n',
    },
  },
  {
    name: 'values of a file over those in line',
    top: '.',
    files: {
      ...chart('charts'),
      'kustomization.yaml':
        'helmCharts: [{name: web, valuesMerge: merge, valuesFile: site.yaml, valuesInline: {web: {image: inline, tag: inline}}}]\n',
      'site.yaml': 'web: {image: site}\n',
    },
  },
  {
    name: 'values in line instead of those of a file',
    top: '.',
    files: {
      ...chart('charts'),
      'kustomization.yaml':
        'helmCharts: [{name: web, valuesMerge: replace, valuesFile: site.yaml, valuesInline: {side: "inline:1"}}]\n',
      'site.yaml': 'web: {image: site, tag: site}\n',
    },
  },
];
