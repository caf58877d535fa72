import { describe, expect, it } from 'vitest';
import { imagesInManifests } from './images-in-manifests.ts';
import { knownKind, knownKindNames } from './kind-rules.ts';

/** `certain example.org/a:1 spec.containers[0].image`, without `spec.` in front. */
function lines(apiVersion: string, kind: string, spec: string): string[] {
  const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: it}\n${spec}\n`;
  return imagesInManifests(text, { file: 'it.yaml' }).map(
    ({ reference, confidence, place }) => `${confidence} ${reference} ${place.path}`,
  );
}

const POD =
  '{containers: [{name: a, image: "x/a:1"}], initContainers: [{name: b, image: b}], ephemeralContainers: [{name: c, image: "x/c:1"}], volumes: [{name: v, image: {reference: "x/v:1"}}]}';

function podImages(path: string): string[] {
  return [
    `certain x/a:1 ${path}.containers[0].image`,
    `certain b ${path}.initContainers[0].image`,
    `certain x/c:1 ${path}.ephemeralContainers[0].image`,
    `certain x/v:1 ${path}.volumes[0].image.reference`,
  ];
}

describe('Pods of known kinds', () => {
  it.each([
    ['v1', 'Pod', `spec: ${POD}`, 'spec'],
    ['v1', 'PodTemplate', `template: {spec: ${POD}}`, 'template.spec'],
    ['v1', 'ReplicationController', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'Deployment', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['apps/v1beta2', 'StatefulSet', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'DaemonSet', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['apps/v1', 'ReplicaSet', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['extensions/v1beta1', 'Deployment', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['batch/v1', 'Job', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    [
      'batch/v1beta1',
      'CronJob',
      `spec: {jobTemplate: {spec: {template: {spec: ${POD}}}}}`,
      'spec.jobTemplate.spec.template.spec',
    ],
    ['argoproj.io/v1alpha1', 'Rollout', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    [
      'argoproj.io/v1alpha1',
      'AnalysisTemplate',
      `spec: {metrics: [{provider: {job: {spec: {template: {spec: ${POD}}}}}}]}`,
      'spec.metrics[0].provider.job.spec.template.spec',
    ],
    ['serving.knative.dev/v1', 'Service', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['serving.knative.dev/v1', 'Configuration', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    [
      'cert-manager.io/v1',
      'ClusterIssuer',
      `spec: {acme: {solvers: [{http01: {ingress: {podTemplate: {spec: ${POD}}}}}]}}`,
      'spec.acme.solvers[0].http01.ingress.podTemplate.spec',
    ],
    ['apps.kruise.io/v1alpha1', 'CloneSet', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    ['apps.kruise.io/v1alpha1', 'SidecarSet', `spec: ${POD}`, 'spec'],
    [
      'apps.kruise.io/v1alpha1',
      'UnitedDeployment',
      `spec: {template: {statefulSetTemplate: {spec: {template: {spec: ${POD}}}}}}`,
      'spec.template.statefulSetTemplate.spec.template.spec',
    ],
    ['postgresql.cnpg.io/v1', 'Pooler', `spec: {template: {spec: ${POD}}}`, 'spec.template.spec'],
    [
      'operators.coreos.com/v1alpha1',
      'ClusterServiceVersion',
      `spec: {install: {spec: {deployments: [{spec: {template: {spec: ${POD}}}}]}}}`,
      'spec.install.spec.deployments[0].spec.template.spec',
    ],
    [
      'keda.sh/v1alpha1',
      'ScaledJob',
      `spec: {jobTargetRef: {template: {spec: ${POD}}}}`,
      'spec.jobTargetRef.template.spec',
    ],
    [
      'jobset.x-k8s.io/v1alpha2',
      'JobSet',
      `spec: {replicatedJobs: [{template: {spec: {template: {spec: ${POD}}}}}]}`,
      'spec.replicatedJobs[0].template.spec.template.spec',
    ],
    [
      'akri.sh/v0',
      'Configuration',
      `spec: {brokerSpec: {brokerPodSpec: ${POD}}}`,
      'spec.brokerSpec.brokerPodSpec',
    ],
    [
      'kubeflow.org/v1',
      'PyTorchJob',
      `spec: {pytorchReplicaSpecs: {Worker: {template: {spec: ${POD}}}}}`,
      'spec.pytorchReplicaSpecs.Worker.template.spec',
    ],
  ])('are found in %s %s', (apiVersion, kind, spec, path) => {
    expect(lines(apiVersion, kind, spec)).toEqual(podImages(path));
  });
});

describe('fields of custom resources', () => {
  const STEPS =
    'steps: [{name: s, image: "x/s:1"}], sidecars: [{name: d, image: d}], stepTemplate: {image: "x/t:1"}';

  it.each([
    [
      'argoproj.io/v1alpha1',
      'Workflow',
      'spec: {templates: [{name: a, container: {image: "x/a:1"}}, {name: b, script: {image: b}}, {containerSet: {containers: [{image: "x/c:1"}]}}]}',
      [
        'certain x/a:1 spec.templates[0].container.image',
        'certain b spec.templates[1].script.image',
        'certain x/c:1 spec.templates[2].containerSet.containers[0].image',
      ],
    ],
    [
      'argoproj.io/v1alpha1',
      'CronWorkflow',
      'spec: {workflowSpec: {templates: [{container: {image: a}}]}}',
      ['certain a spec.workflowSpec.templates[0].container.image'],
    ],
    [
      'kubevirt.io/v1',
      'VirtualMachine',
      'spec: {template: {spec: {volumes: [{containerDisk: {image: "x/d:1"}}]}}, dataVolumeTemplates: [{spec: {source: {registry: {url: "docker://x/e:1"}}}}]}',
      [
        'certain x/e:1 spec.dataVolumeTemplates[0].spec.source.registry.url',
        'certain x/d:1 spec.template.spec.volumes[0].containerDisk.image',
      ],
    ],
    [
      'cdi.kubevirt.io/v1beta1',
      'DataVolume',
      'spec: {source: {registry: {url: "docker://quay.io/x/d:1"}}}',
      ['certain quay.io/x/d:1 spec.source.registry.url'],
    ],
    [
      'monitoring.coreos.com/v1',
      'Prometheus',
      'spec: {image: "x/p:1", version: v3, containers: [{name: c, image: c}]}',
      ['certain x/p:1 spec.image', 'certain c spec.containers[0].image'],
    ],
    [
      'monitoring.coreos.com/v1',
      'Prometheus',
      'spec: {version: v3.1.0}',
      ['likely quay.io/prometheus/prometheus:v3.1.0 spec.version'],
    ],
    [
      'monitoring.coreos.com/v1',
      'Alertmanager',
      'spec: {baseImage: x/am, version: v0.27}',
      ['likely x/am:v0.27 spec.baseImage'],
    ],
    ['monitoring.coreos.com/v1', 'ThanosRuler', 'spec: {image: "x/t:1"}', ['certain x/t:1 spec.image']],
    [
      'monitoring.coreos.com/v1alpha1',
      'PrometheusAgent',
      'spec: {image: "x/t:1"}',
      ['certain x/t:1 spec.image'],
    ],
    [
      'elasticsearch.k8s.elastic.co/v1',
      'Elasticsearch',
      'spec: {version: 8.15.0, nodeSets: [{podTemplate: {spec: {initContainers: [{name: s, image: busybox}]}}}]}',
      [
        'likely docker.elastic.co/elasticsearch/elasticsearch:8.15.0 spec.version',
        'certain busybox spec.nodeSets[0].podTemplate.spec.initContainers[0].image',
      ],
    ],
    [
      'beat.k8s.elastic.co/v1beta1',
      'Beat',
      'spec: {type: filebeat, version: 8.15.0}',
      ['likely docker.elastic.co/beats/filebeat:8.15.0 spec.type'],
    ],
    [
      'agent.k8s.elastic.co/v1alpha1',
      'Agent',
      'spec: {version: 9.0.0}',
      [
        'likely docker.elastic.co/beats/elastic-agent:9.0.0 spec.version',
        'likely docker.elastic.co/elastic-agent/elastic-agent:9.0.0 spec.version',
      ],
    ],
    [
      'agent.k8s.elastic.co/v1alpha1',
      'Agent',
      'spec: {version: 9.0.0, image: "x/a:1"}',
      ['certain x/a:1 spec.image'],
    ],
    [
      'operations.kubeedge.io/v1alpha2',
      'NodeUpgradeJob',
      'spec: {version: v1.19.0}',
      ['likely docker.io/kubeedge/installation-package:v1.19.0 spec.version'],
    ],
    [
      'argoproj.io/v1beta1',
      'ArgoCD',
      `spec: {image: quay.io/x/argocd, version: "sha256:${'a'.repeat(64)}"}`,
      [`certain quay.io/x/argocd@sha256:${'a'.repeat(64)} spec.image`],
    ],
    [
      'kibana.k8s.elastic.co/v1',
      'Kibana',
      'spec: {version: 8.15.0, image: "x/k:1"}',
      ['certain x/k:1 spec.image'],
    ],
    [
      'kafka.strimzi.io/v1beta2',
      'Kafka',
      'spec: {kafka: {image: "x/k:1"}, entityOperator: {topicOperator: {image: "x/t:1"}}, kafkaExporter: {image: "x/e:1"}}',
      [
        'certain x/k:1 spec.kafka.image',
        'certain x/t:1 spec.entityOperator.topicOperator.image',
        'certain x/e:1 spec.kafkaExporter.image',
      ],
    ],
    [
      'install.istio.io/v1alpha1',
      'IstioOperator',
      'spec: {hub: docker.io/istio, tag: 1.24.1}',
      ['likely docker.io/istio/pilot:1.24.1 spec.hub', 'likely docker.io/istio/proxyv2:1.24.1 spec.hub'],
    ],
    [
      'extensions.istio.io/v1alpha1',
      'WasmPlugin',
      'spec: {url: "oci://ghcr.io/x/w:1"}',
      ['certain ghcr.io/x/w:1 spec.url'],
    ],
    [
      'tekton.dev/v1',
      'Task',
      `spec: {${STEPS}}`,
      [
        'certain x/s:1 spec.steps[0].image',
        'certain d spec.sidecars[0].image',
        'certain x/t:1 spec.stepTemplate.image',
      ],
    ],
    [
      'tekton.dev/v1',
      'Pipeline',
      `spec: {finally: [{taskSpec: {${STEPS}}}]}`,
      [
        'certain x/s:1 spec.finally[0].taskSpec.steps[0].image',
        'certain d spec.finally[0].taskSpec.sidecars[0].image',
        'certain x/t:1 spec.finally[0].taskSpec.stepTemplate.image',
      ],
    ],
    [
      'acid.zalan.do/v1',
      'postgresql',
      'spec: {dockerImage: "x/s:1", connectionPooler: {dockerImage: "x/p:1"}}',
      ['certain x/s:1 spec.dockerImage', 'certain x/p:1 spec.connectionPooler.dockerImage'],
    ],
    [
      'acid.zalan.do/v1',
      'OperatorConfiguration',
      'configuration: {docker_image: "x/s:1", logical_backup: {logical_backup_docker_image: "x/b:1"}}',
      [
        'certain x/s:1 configuration.docker_image',
        'certain x/b:1 configuration.logical_backup.logical_backup_docker_image',
      ],
    ],
    [
      'postgresql.cnpg.io/v1',
      'Cluster',
      'spec: {imageName: "ghcr.io/x/pg:16"}',
      ['certain ghcr.io/x/pg:16 spec.imageName'],
    ],
    [
      'ceph.rook.io/v1',
      'CephCluster',
      'spec: {cephVersion: {image: "quay.io/ceph/ceph:v19"}}',
      ['certain quay.io/ceph/ceph:v19 spec.cephVersion.image'],
    ],
    [
      'grafana.integreatly.org/v1beta1',
      'Grafana',
      'spec: {version: 11.3.0}',
      ['likely docker.io/grafana/grafana:11.3.0 spec.version'],
    ],
    [
      'grafana.integreatly.org/v1beta1',
      'Grafana',
      'spec: {version: "x/grafana:11"}',
      ['certain x/grafana:11 spec.version'],
    ],
    [
      'operators.coreos.com/v1alpha1',
      'ClusterServiceVersion',
      'spec: {relatedImages: [{name: a, image: "x/a:1"}]}',
      ['certain x/a:1 spec.relatedImages[0].image'],
    ],
    [
      'operators.coreos.com/v1alpha1',
      'CatalogSource',
      'spec: {image: "x/c:1"}',
      ['certain x/c:1 spec.image'],
    ],
    [
      'upgrade.cattle.io/v1',
      'Plan',
      'spec: {version: v1.31.0-k3s1, upgrade: {image: rancher/k3s-upgrade}}',
      ['likely rancher/k3s-upgrade:v1.31.0-k3s1 spec.upgrade.image'],
    ],
    [
      'nvidia.com/v1',
      'ClusterPolicy',
      'spec: {toolkit: {repository: nvcr.io/nvidia/k8s, image: container-toolkit, version: v1.17}}',
      ['certain nvcr.io/nvidia/k8s/container-toolkit:v1.17 spec.toolkit.image'],
    ],
    [
      'operator.victoriametrics.com/v1beta1',
      'VMSingle',
      'spec: {image: {repository: victoriametrics/victoria-metrics, tag: v1.110.0}}',
      ['certain victoriametrics/victoria-metrics:v1.110.0 spec.image.repository'],
    ],
    [
      'pkg.crossplane.io/v1',
      'Provider',
      'spec: {package: "xpkg.crossplane.io/x/p:v1"}',
      ['certain xpkg.crossplane.io/x/p:v1 spec.package'],
    ],
  ])('are found in %s %s: %s', (apiVersion, kind, spec, expected) => {
    expect(lines(apiVersion, kind, spec)).toEqual(expected);
  });

  it('are those of a kind in its own group alone', () => {
    expect(
      lines('example.org/v1', 'Deployment', 'spec: {template: {spec: {containers: [{name: a, image: a}]}}}'),
    ).toEqual(['likely a spec.template.spec.containers[0].image']);
  });
});

/** An object with a text at a path of the table, built anew from the path's own words. */
function objectWith(path: string, text: string): unknown {
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((inner, step) => {
      const value = step.endsWith('[]') ? [inner] : inner;
      return { [step === '*' ? 'any' : step.replace('[]', '')]: value };
    }, text);
}

function merged(a: unknown, b: unknown): unknown {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return b;
  const both = { ...a } as Record<string, unknown>;
  for (const [key, value] of Object.entries(b)) both[key] = key in both ? merged(both[key], value) : value;
  return both;
}

describe('the table', () => {
  const rules = knownKindNames().flatMap((name) => {
    const [group = '', kind = ''] = name.split(' ');
    const apiVersion = group === 'core' ? 'v1' : `${group}/v1`;
    return (knownKind(apiVersion, kind)?.rules ?? []).map((rule) => ({ apiVersion, kind, ...rule }));
  });

  it('has more than a hundred kinds', () => {
    expect(knownKindNames().length).toBeGreaterThan(100);
  });

  it.each(rules.filter(({ form }) => form !== 'join'))(
    'finds in $apiVersion $kind what stands at $form:$at',
    ({ apiVersion, kind, form, at }) => {
      const paths: Readonly<Record<string, readonly string[]>> = {
        pod: [`${at}.initContainers[].image`],
        container: [`${at}.image`],
        parts: [`${at}.repository`, `${at}.image`, `${at}.version`],
      };
      const texts =
        form === 'parts' ? ['ghcr.io/x', 'y', '1'] : [`${form === 'oci' ? 'oci://' : ''}ghcr.io/x/y:1`];
      const object = (paths[form] ?? [at])
        .map((path, index) => objectWith(path, texts[index] ?? ''))
        .reduce(merged, { apiVersion, kind });
      const [finding, ...more] = imagesInManifests(JSON.stringify(object), {});
      expect(more).toEqual([]);
      expect(finding).toMatchObject({ reference: 'ghcr.io/x/y:1', confidence: 'certain' });
    },
  );

  it.each(rules.filter(({ form }) => form === 'join'))(
    'puts together in $apiVersion $kind: $at',
    ({ apiVersion, kind, at, confidence }) => {
      const members = [...at.matchAll(/\{([^}|]+)[^}]*\}/g)].map(([, path = '']) => path);
      const value = (path: string): string => (/image$|repository$|hub$/i.test(path) ? 'ghcr.io/x/y' : 'v1');
      const text = (path: string): string => (path.endsWith('.sha') ? 'a'.repeat(64) : value(path));
      const object = members.map((path) => objectWith(path, text(path))).reduce(merged, { apiVersion, kind });
      const reference = at.replace(/\{([^}|]+)[^}]*\}/g, (_, path: string) => text(path));
      expect(imagesInManifests(JSON.stringify(object), {})).toContainEqual(
        expect.objectContaining({ reference, confidence }),
      );
    },
  );
});
