/** Kustomizations of many kinds, as files by path. Each is built from `top`. */
export interface KustomizeShape {
  readonly name: string;
  readonly top: string;
  readonly files: Readonly<Record<string, string>>;
}

const deployment = (name: string, image: string, more = ''): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      initContainers:
        - {name: init, image: "registry.example:5000/tools/init:1.0"}
      containers:
        - {name: ${name}, image: "${image}"}
        - {name: side, image: "nginx:1.25@sha256:${'a'.repeat(64)}"}
${more}`;

const CRON_JOB = `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 1 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: job, image: backup}]
          volumes: [{name: data, image: {reference: "data:1", pullPolicy: Always}}]
---
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers: [{name: one, image: "reg/app:v1"}]
  volumes: [{name: data, image: {reference: "data:1"}}]
`;

export const KUSTOMIZE_SHAPES: readonly KustomizeShape[] = [
  {
    name: 'images: new names, tags, digests and tag suffixes, one after the other',
    top: 'top',
    files: {
      'top/kustomization.yaml': `resources: [web.yaml, cron.yaml]
images:
  - {name: web, newName: registry.example/team/web, newTag: "2.0"}
  - {name: registry.example/team/web, newTag: "2.1"}
  - {name: nginx, newTag: 1.27.3}
  - {name: "registry.example:5000/tools/init", digest: "sha256:${'b'.repeat(64)}"}
  - {name: backup, newName: backup2}
  - {name: data, newTag: "7"}
  - {name: reg/app, tagSuffix: -arm}
`,
      'top/web.yaml': deployment('web', 'web:1.0'),
      'top/cron.yaml': CRON_JOB,
    },
  },
  {
    name: "images: a name is a pattern of Go's, dots match anything, and it matches whole names",
    top: 'top',
    files: {
      'top/Kustomization': `resources: [web.yml]
images:
  - {name: "we.", newTag: pattern}
  - {name: "(side|init)car", newTag: never}
  - {name: ngin, newTag: never}
  - {name: ".*/init", newTag: "any"}
`,
      'top/web.yml': deployment('web', 'web:1.0'),
    },
  },
  {
    name: 'overlays of overlays, from the inside out, with prefixes and namespaces',
    top: 'overlays/prod',
    files: {
      'base/kustomization.yaml':
        'resources: [web.yaml]\nimages: [{name: web, newName: registry.example/web, newTag: base}]\n',
      'base/web.yaml': deployment('web', 'web'),
      'overlays/stage/kustomization.yml':
        'bases: [../../base]\nnamePrefix: stage-\nnamespace: stage\nimages: [{name: registry.example/web, newTag: stage}, {name: web, newTag: never}]\n',
      'overlays/prod/kustomization.yaml': `resources: [../stage]
nameSuffix: -prod
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: stage-web, namespace: stage}
      spec: {template: {spec: {containers: [{name: extra, image: "extra:1"}]}}}
images: [{name: extra, newTag: "2"}, {name: nginx, newName: mirror.example/nginx}]
`,
    },
  },
  {
    name: 'components change what their user has',
    top: 'app',
    files: {
      'app/kustomization.yaml':
        'resources: [web.yaml]\ncomponents: [../components/tls, ../components/log]\nimages: [{name: agent, newTag: "9"}]\n',
      'app/web.yaml': deployment('web', 'web:1'),
      'components/tls/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [proxy.yaml]
images: [{name: nginx, newTag: tls}]
`,
      'components/tls/proxy.yaml': deployment('proxy', 'nginx:1'),
      'components/log/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
  - target: {kind: Deployment}
    patch: |
      - {op: add, path: /spec/template/spec/containers/-, value: {name: agent, image: agent}}
`,
    },
  },
  {
    name: 'strategic merge patches: changed, added, deleted and replaced containers',
    top: '.',
    files: {
      'kustomization.yaml': `resources: [web.yaml, other.yaml, gone.yaml]
patchesStrategicMerge:
  - patch.yaml
  - |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: gone}
    $patch: delete
patches:
  - path: target.yaml
    target: {kind: Deployment, name: oth.*}
`,
      'web.yaml': deployment('web', 'web:1'),
      'other.yaml': deployment('other', 'other:1'),
      'gone.yaml': deployment('gone', 'gone:1'),
      'patch.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers: [{name: init, $patch: delete}]
      containers:
        - {name: web, image: "web:2"}
        - {name: added, image: "added:1"}
`,
      'target.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: whatever}
spec:
  template:
    spec:
      containers:
        - $patch: replace
        - {name: only, image: "only:1"}
`,
    },
  },
  {
    name: 'JSON patches: add, replace, remove, move, copy, test, escapes',
    top: '.',
    files: {
      'kustomization.yaml': `resources: [web.yaml]
patchesJson6902:
  - target: {group: apps, version: v1, kind: Deployment, name: web}
    path: patch.json
patches:
  - target: {labelSelector: "app in (web,other),app!=other"}
    patch: |
      - {op: test, path: /metadata/name, value: web}
      - {op: replace, path: /spec/template/spec/containers/0/image, value: "web:json"}
      - {op: add, path: /metadata/annotations, value: {a~b/c: x}}
      - {op: replace, path: /metadata/annotations/a~0b~1c, value: "y"}
  - target: {kind: Service}
    patch: |
      - {op: remove, path: /nowhere}
`,
      'web.yaml': deployment('web', 'web:1'),
      'patch.json': `[{"op":"copy","from":"/spec/template/spec/containers/0","path":"/spec/template/spec/containers/-"},
 {"op":"replace","path":"/spec/template/spec/containers/2/name","value":"copy"},
 {"op":"replace","path":"/spec/template/spec/containers/2/image","value":"copy:1"},
 {"op":"move","from":"/spec/template/spec/initContainers/0","path":"/spec/template/spec/containers/0"},
 {"op":"remove","path":"/spec/template/spec/containers/2"}]`,
    },
  },
  {
    name: 'custom resources: lists are replaced, images in `containers` and where configurations say',
    top: '.',
    files: {
      'kustomization.yaml': `resources: [rollout.yaml]
configurations: [images.yaml]
patches:
  - patch: |
      apiVersion: argoproj.io/v1alpha1
      kind: Rollout
      metadata: {name: roll}
      spec: {template: {spec: {containers: [{name: b, image: "b:2"}]}}}
images: [{name: b, newTag: "3"}, {name: engine, newTag: "4"}]
`,
      'images.yaml': 'images: [{path: spec/engine/image, kind: Rollout}]\n',
      'rollout.yaml': `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: roll}
spec:
  engine: {image: "engine:1"}
  template: {spec: {containers: [{name: a, image: "a:1"}, {name: b, image: "b:1"}]}}
`,
    },
  },
  {
    name: 'replacements write an image from a ConfigMap, a part of it and the whole',
    top: '.',
    files: {
      'kustomization.yaml': `resources: [web.yaml]
configMapGenerator:
  - {name: versions, literals: ["tag=4.2", "whole=whole:1"], options: {disableNameSuffixHash: true}}
replacements:
  - source: {kind: ConfigMap, name: versions, fieldPath: data.tag}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ["spec.template.spec.containers.[name=web].image"]
        options: {delimiter: ":", index: 1}
  - path: whole.yaml
`,
      'whole.yaml': `source: {kind: ConfigMap, name: versions, fieldPath: data.whole}
targets:
  - select: {kind: Deployment, name: web}
    fieldPaths: ["spec.template.spec.initContainers.*.image"]
`,
      'web.yaml': deployment('web', 'web:1'),
    },
  },
  {
    name: 'Lists, local configuration, comments, anchors, and JSON',
    top: '.',
    files: {
      'kustomization.yaml':
        'resources: [list.yaml, pod.json, local.yaml]\nimages: [{name: a, newTag: "2"}]\n',
      'list.yaml': `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec: {containers: [&c {name: a, image: "a:1"}, {<<: *c, name: b}]}
  - {apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {containers: [{name: c, image: c}]}}
`,
      'pod.json':
        '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"j"},"spec":{"containers":[{"name":"j","image":"j:1"}]}}',
      'local.yaml': `# only for tools
apiVersion: v1
kind: Pod
metadata: {name: local, annotations: {config.kubernetes.io/local-config: "true"}}
spec: {containers: [{name: l, image: "local:1"}]}
`,
    },
  },
  {
    name: 'one base twice, under two names, with two tags',
    top: 'both',
    files: {
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': deployment('web', 'web:1'),
      'blue/kustomization.yaml':
        'resources: [../base]\nnamePrefix: blue-\nimages: [{name: web, newTag: blue}]\n',
      'green/kustomization.yaml':
        'resources: [../base]\nnamePrefix: green-\nimages: [{name: web, newTag: green}]\n',
      'both/kustomization.yaml': `resources: [../blue, ../green]
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: green-web}
      spec: {template: {spec: {containers: [{name: web, image: "green:patched"}]}}}
  - target: {name: blue-.*, annotationSelector: "!none"}
    patch: '[{"op":"replace","path":"/spec/template/spec/initContainers/0/image","value":"blue-init:1"}]'
`,
    },
  },
];
