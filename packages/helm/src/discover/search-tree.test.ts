import { describePlace } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { findingsByImage } from './findings-by-image.ts';
import { imagesInManifests } from './images-in-manifests.ts';

function found(text: string): string[] {
  return imagesInManifests(text, { file: 'it.yaml' }).map(
    ({ reference, confidence, method, place }) => `${confidence} ${method} ${reference} ${place.path}`,
  );
}

const pod = (container: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, ${container}}]}\n`;

describe('arguments of a container', () => {
  it.each([
    ['a flag', '[--acme-http01-solver-image=quay.io/x/a:1]', ['likely quay.io/x/a:1']],
    ['a flag and a word', '[--image, x/a:1]', ['likely x/a:1']],
    ['one dash', '[-sidecarImage=x/a:1]', ['likely x/a:1']],
    ['a short name', '[--image=busybox]', ['possible busybox']],
    [
      'a full reference in any flag',
      '[--prometheus-config-reloader=quay.io/x/a:v1]',
      ['likely quay.io/x/a:v1'],
    ],
    [
      'several in one',
      '["--images=a=quay.io/x/a:1,b=quay.io/x/b:1"]',
      ['likely quay.io/x/a:1', 'likely quay.io/x/b:1'],
    ],
    [
      'a script',
      '[sh, -c, "kubectl run --image=x/a:1 p && crane pull quay.io/x/b:1"]',
      ['likely x/a:1', 'possible quay.io/x/b:1'],
    ],
    ['quotes', '[\'--x-image="x/a:1"\']', ['likely x/a:1']],
  ])('are found with %s', (_what, args, expected) => {
    expect(found(pod(`args: ${args}`))).toEqual(
      expected.map((line) => expect.stringMatching(new RegExp(`^${line.replace(' ', ' argument ')} spec`))),
    );
    expect(found(pod(`command: ${args}`))).toHaveLength(expected.length);
  });

  it.each([
    '[--port=8080, --redis=redis:6379, --url=http://x.org/y:1, "--tag={{ .x }}", --image-pull-policy=Always]',
    `[--image, "$(IMAGE)", "--image=\${REG}/x:1", "--image=", --config=/etc/x/y.yaml, "host.example.org:80"]`,
    '[--leader-elect, nginx, --kubelet-insecure-tls, --image-tag=v1]',
  ])('are none in %s', (args) => {
    expect(found(pod(`args: ${args}`))).toEqual([]);
  });
});

describe('environment of a container', () => {
  const env = (...pairs: string[]): string => pod(`env: [${pairs.map((pair) => `{${pair}}`).join(', ')}]`);
  const at = (index: number): string => `spec.containers[0].env[${index}].value`;

  it.each([
    ['RELATED_IMAGE_', ['name: RELATED_IMAGE_A, value: x/a'], [`likely environment x/a ${at(0)}`]],
    ['_IMAGE', ['name: PROXY_IMAGE, value: "envoy:1"'], [`likely environment envoy:1 ${at(0)}`]],
    ['_IMAGE and a word', ['name: PROXY_IMAGE, value: envoy'], [`possible environment envoy ${at(0)}`]],
    [
      '_IMAGE and a tag beside it',
      ['name: P_IMAGE, value: envoy', 'name: P_TAG, value: v1'],
      [`likely environment envoy:v1 ${at(0)}`],
    ],
    [
      'any name and a full reference',
      ['name: X, value: "ghcr.io/x/a:1"'],
      [`likely environment ghcr.io/x/a:1 ${at(0)}`],
    ],
    [
      'a list',
      ['name: KAFKA_IMAGES, value: "3.9=quay.io/x/k:3\\n4=quay.io/x/k:4"'],
      [
        `likely environment quay.io/x/k:3 ${at(0)}`.replaceAll('"', ''),
        `likely environment quay.io/x/k:4 ${at(0)}`,
      ],
    ],
  ])('is found with %s', (_what, pairs, expected) => {
    expect(found(env(...pairs))).toEqual(expected);
  });

  it('has none in pull policies, addresses, versions and values from elsewhere', () => {
    const pairs = [
      'name: IMAGE_PULL_POLICY, value: Always',
      'name: R, value: "redis.svc:6379"',
      'name: V, value: "1.2.3"',
      'name: X_IMAGE, valueFrom: {fieldRef: {fieldPath: x}}',
      `name: Y_IMAGE, value: "\${X}"`,
    ];
    expect(found(env(...pairs))).toEqual([]);
  });
});

describe('a ConfigMap', () => {
  const config = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${data}\n`;

  it.each([
    [
      'a plain reference',
      '  pause: registry.k8s.io/pause:3.9',
      ['likely config-map registry.k8s.io/pause:3.9 data.pause'],
    ],
    [
      'a setting named for an image',
      '  ROOK_CSI_CEPH_IMAGE: x/cephcsi:v3',
      ['likely config-map x/cephcsi:v3 data.ROOK_CSI_CEPH_IMAGE'],
    ],
    [
      'a manifest',
      '  pod.yaml: |\n    apiVersion: v1\n    kind: Pod\n    spec: {containers: [{name: a, image: a}]}',
      ['likely config-map a data["pod.yaml"].spec.containers[0].image'],
    ],
    [
      'a template of a sidecar',
      '  config: |\n    template: |\n      containers:\n      - name: p\n        image: docker.io/x/p:1',
      ['likely config-map docker.io/x/p:1 data.config.template.containers[0].image'],
    ],
    [
      'a template that is no YAML',
      '  t: |\n    {{ if .X }}\n    image: x/y:1\n    {{ end }}\n    other: ghcr.io/x/z:1',
      ['likely config-map x/y:1 data.t', 'possible config-map ghcr.io/x/z:1 data.t'],
    ],
    [
      'JSON with hub and tag',
      `  v: '{"global": {"hub": "docker.io/istio", "tag": "1.24", "proxy": {"image": "proxyv2"}}}'`,
      ['likely config-map docker.io/istio/proxyv2:1.24 data.v.global.proxy.image'],
    ],
    [
      'a helper Pod of a provisioner',
      '  helperPod.yaml: |\n    apiVersion: v1\n    kind: Pod\n    spec:\n      containers:\n        - name: helper\n          image: rancher/mirrored-library-busybox:1.36',
      [
        'likely config-map rancher/mirrored-library-busybox:1.36 data["helperPod.yaml"].spec.containers[0].image',
      ],
    ],
  ])('names images in %s', (_what, data, expected) => {
    const lines = found(config(data));
    expect(lines.filter((line) => !line.startsWith('possible') || expected.includes(line))).toEqual(expected);
  });

  it('names none where templates stand for them, nor in addresses and scripts', () => {
    const data = `  a: |\n    image: "{{ .Values.x }}"\n    image: \${IMG}\n  b: redis.svc:6379\n  c: |\n    #!/bin/sh\n    echo done\n  d: "true"`;
    expect(found(config(data))).toEqual([]);
  });
});

it('reads no Secret', () => {
  const text =
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {image: "ghcr.io/x/a:1"}\ndata: {image: ghcr.io/x/b:1}\n';
  expect(found(text)).toEqual([]);
});

it('takes only defaults of a schema, as possible', () => {
  const text =
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\nspec: {versions: [{schema: {openAPIV3Schema: {properties: {image: {type: string, description: x/y, default: "ghcr.io/x/a:1"}}}}}]}\n';
  expect(found(text)).toEqual([
    'possible custom-resource ghcr.io/x/a:1 spec.versions[0].schema.openAPIV3Schema.properties.image.default',
  ]);
});

describe('a kind that nobody knows', () => {
  it.each([
    [
      'a Pod template',
      'spec: {template: {spec: {containers: [{name: a, image: a}]}}}',
      ['likely custom-resource a spec.template.spec.containers[0].image'],
    ],
    ['an image', 'spec: {image: "x/a:1"}', ['likely custom-resource x/a:1 spec.image']],
    ['a word for an image', 'spec: {image: a}', ['possible custom-resource a spec.image']],
    [
      'repository and tag',
      'spec: {image: {repository: x/a, tag: v1}}',
      ['likely custom-resource x/a:v1 spec.image.repository'],
    ],
    [
      'a full reference',
      'spec: {source: "ghcr.io/x/a:1"}',
      ['possible custom-resource ghcr.io/x/a:1 spec.source'],
    ],
    [
      'an object within',
      'spec: {resource: {apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: "x/a:1"}]}}}',
      ['likely custom-resource x/a:1 spec.resource.spec.containers[0].image'],
    ],
    [
      'values as text',
      'spec: {valuesContent: "image:\\n  repository: x/a\\n  tag: v1\\n"}',
      ['possible custom-resource x/a:v1 spec.valuesContent.image.repository'],
    ],
    ['a status', 'status: {image: "x/a:1"}', []],
    ['a picture', 'spec: {logoImage: assets/logo.png}', []],
  ])('with %s', (_what, spec, expected) => {
    const text = `apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\n${spec}\n`;
    expect(found(text).map((line) => line.replace('pod-template', 'custom-resource'))).toEqual(expected);
  });
});

it('reads annotations that name images', () => {
  const text = `apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.24\n    example.org/note: ghcr.io/x/a:1\n    kubectl.kubernetes.io/last-applied-configuration: '{"image":"x/no:1"}'\n    artifacthub.io/images: "- {name: b, image: 'x/b:1'}"\n    app.kubernetes.io/version: "1.2"\n`;
  expect(found(text)).toEqual([
    'likely annotation docker.io/istio/proxyv2:1.24 metadata.annotations["sidecar.istio.io/proxyImage"]',
    'possible annotation ghcr.io/x/a:1 metadata.annotations["example.org/note"]',
    'likely annotation x/b:1 metadata.annotations["artifacthub.io/images"][0].image',
  ]);
});

it.each([
  ['""', ''],
  ['":1.0"', ':1.0'],
  ['"{{ .Values.image }}"', '{{ .Values.image }}'],
  [`"\${REGISTRY}/x:1"`, `\${REGISTRY}/x:1`],
  ['"a b"', 'a b'],
  ['X/Y:1', 'X/Y:1'],
  ['null', ''],
  ['"$(params.image)"', '$(params.image)'],
])('tells that a container has %s for its image, which nobody can pull', (image, text) => {
  expect(found(pod(`image: ${image}`))).toEqual([`likely pod-template ${text} spec.containers[0].image`]);
  expect(
    found(`apiVersion: v1\nkind: ConfigMap\ndata: {a: ${JSON.stringify(pod(`image: ${image}`))}}`),
  ).toEqual([]);
});

it.each(['true', 'auto'])('takes no container image of %s', (image) => {
  expect(found(pod(`image: ${image}`))).toEqual([]);
});

it.each(['x/next.js', 'x/tool.py', 'latest', 'default', 'gitlab.com/x/y:1'])(
  'is sure of a container image that looks like something else: %s',
  (image) => {
    expect(found(pod(`image: ${image}`))).toEqual([`certain pod-template ${image} spec.containers[0].image`]);
  },
);

it('strips what could move a terminal out of places', () => {
  const text =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: "p\\e[2J\\u202e"}\nspec: {containers: [{name: a, image: a}], "x\\e[2J": {image: "x/a:1"}}\n';
  const places = imagesInManifests(text, { file: 'it.yaml' }).map(({ place }) => describePlace(place));
  expect(places).toHaveLength(2);
  for (const place of places) expect(place).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});

it('groups findings by image with the highest confidence', () => {
  const text = `${pod('image: "docker.io/library/nginx:1", env: [{name: X_IMAGE, value: "nginx:1"}, {name: Y_IMAGE, value: "x/y:1"}]')}`;
  expect(
    findingsByImage(imagesInManifests(text, {})).map(({ reference, confidence, findings }) => [
      reference,
      confidence,
      findings.length,
    ]),
  ).toEqual([
    ['docker.io/library/nginx:1', 'certain', 2],
    ['docker.io/x/y:1', 'likely', 1],
  ]);
});
