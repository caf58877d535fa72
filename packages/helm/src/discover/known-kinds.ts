/** Where objects of known kinds name images. One line for each kind: API group (any version; `core` for Kubernetes' first one), kinds, rules.
 *  `pod:P`        a PodSpec at P: containers, initContainers, ephemeralContainers, image volumes
 *  `container:P`  a container at P
 *  `image:P`      a text at P that is a reference (`docker://` and `oci://` in front are left out)
 *  `join:T`       a reference put together: `{P}` is the text at P, `{a|b}` the first there is
 *  `maybe:T`      as `join`, but only likely: the operator makes it so unless it is told otherwise
 *  `else:T`       as `maybe`, where nothing before it on the line was found: the default of the operator
 *  `also:T`       as `else`, together with the one before it: newer versions have another name
 *  `oci:P`        as `image`, where it begins with `oci://`; `slashed:P` where it has a slash and a tag or digest
 *  `parts:P`      a mapping at P with repository, image and version
 *  In P and T, `[]` is every entry of a list and `*` every member of a mapping; a rule `at:P` puts P in front of all rules that follow it.
 *  The comment above a line is the upstream source that the rules were read from. */
export const KNOWN_KINDS: string = `
# github.com/kubernetes/api core/v1/types.go, apps/v1/types.go, batch/v1/types.go, extensions/v1beta1/types.go
core Pod pod:spec
core PodTemplate pod:template.spec
core ReplicationController pod:spec.template.spec
apps,extensions Deployment,StatefulSet,DaemonSet,ReplicaSet pod:spec.template.spec
batch Job pod:spec.template.spec
batch CronJob pod:spec.jobTemplate.spec.template.spec

# github.com/argoproj/argo-rollouts pkg/apis/rollouts/v1alpha1/types.go, analysis_types.go, experiment_types.go
argoproj.io Rollout pod:spec.template.spec
argoproj.io AnalysisTemplate,ClusterAnalysisTemplate,AnalysisRun pod:spec.metrics[].provider.job.spec.template.spec
argoproj.io Experiment pod:spec.templates[].template.spec
# github.com/argoproj/argo-workflows pkg/apis/workflow/v1alpha1/workflow_types.go (Template, WorkflowSpec)
argoproj.io Workflow,WorkflowTemplate,ClusterWorkflowTemplate at:spec container:templates[].container container:templates[].script container:templates[].initContainers[] container:templates[].sidecars[] container:templates[].containerSet.containers[] container:templateDefaults.container container:templateDefaults.script
argoproj.io CronWorkflow at:spec.workflowSpec container:templates[].container container:templates[].script container:templates[].initContainers[] container:templates[].sidecars[] container:templates[].containerSet.containers[] container:templateDefaults.container container:templateDefaults.script
# github.com/argoproj/argo-events pkg/apis/events/v1alpha1/eventsource_types.go, sensor_types.go, template.go
argoproj.io EventSource,Sensor container:spec.template.container
# github.com/argoproj-labs/argocd-operator api/v1beta1/argocd_types.go
argoproj.io ArgoCD join:{spec.image}:{spec.version} join:{spec.redis.image}:{spec.redis.version} join:{spec.sso.dex.image}:{spec.sso.dex.version} join:{spec.repo.image}:{spec.repo.version} pod:spec.repo container:spec.repo.sidecarContainers[]

# github.com/knative/serving pkg/apis/serving/v1/service_types.go, configuration_types.go, revision_types.go
serving.knative.dev Service,Configuration pod:spec.template.spec
serving.knative.dev Revision pod:spec
# github.com/knative/eventing pkg/apis/sources/v1/container_types.go
sources.knative.dev ContainerSource pod:spec.template.spec
# github.com/knative/operator pkg/apis/operator/base/common.go (Registry.Override)
operator.knative.dev KnativeServing,KnativeEventing image:spec.registry.override.*

# github.com/kubevirt/api core/v1/types.go, schema.go (ContainerDiskSource, KernelBootContainer)
kubevirt.io VirtualMachine,VirtualMachineInstanceReplicaSet image:spec.dataVolumeTemplates[].spec.source.registry.url at:spec.template.spec image:volumes[].containerDisk.image image:domain.firmware.kernelBoot.container.image
kubevirt.io VirtualMachineInstance at:spec image:volumes[].containerDisk.image image:domain.firmware.kernelBoot.container.image
pool.kubevirt.io VirtualMachinePool image:spec.virtualMachineTemplate.spec.dataVolumeTemplates[].spec.source.registry.url at:spec.virtualMachineTemplate.spec.template.spec image:volumes[].containerDisk.image image:domain.firmware.kernelBoot.container.image
# github.com/kubevirt/containerized-data-importer staging/src/kubevirt.io/containerized-data-importer-api/pkg/apis/core/v1beta1/types.go (DataVolumeSourceRegistry)
cdi.kubevirt.io DataVolume,VolumeImportSource image:spec.source.registry.url
cdi.kubevirt.io DataImportCron image:spec.template.spec.source.registry.url

# github.com/prometheus-operator/prometheus-operator pkg/apis/monitoring/v1/prometheus_types.go, alertmanager_types.go, thanos_types.go, pkg/operator/defaults.go
monitoring.coreos.com Prometheus image:spec.image join:{spec.baseImage}@sha256:{spec.sha} else:{spec.baseImage}:{spec.tag|spec.version} else:quay.io/prometheus/prometheus:{spec.version} image:spec.thanos.image pod:spec
monitoring.coreos.com PrometheusAgent image:spec.image else:quay.io/prometheus/prometheus:{spec.version} pod:spec
monitoring.coreos.com Alertmanager image:spec.image join:{spec.baseImage}@sha256:{spec.sha} else:{spec.baseImage}:{spec.tag|spec.version} else:quay.io/prometheus/alertmanager:{spec.version} pod:spec
monitoring.coreos.com ThanosRuler image:spec.image else:quay.io/thanos/thanos:{spec.version} pod:spec

# github.com/elastic/cloud-on-k8s pkg/apis/*/v1/*_types.go, pkg/controller/common/container/container.go (default images)
elasticsearch.k8s.elastic.co Elasticsearch image:spec.image else:docker.elastic.co/elasticsearch/elasticsearch:{spec.version} pod:spec.nodeSets[].podTemplate.spec
kibana.k8s.elastic.co Kibana image:spec.image else:docker.elastic.co/kibana/kibana:{spec.version} pod:spec.podTemplate.spec
apm.k8s.elastic.co ApmServer image:spec.image else:docker.elastic.co/apm/apm-server:{spec.version} pod:spec.podTemplate.spec
enterprisesearch.k8s.elastic.co EnterpriseSearch image:spec.image else:docker.elastic.co/enterprise-search/enterprise-search:{spec.version} pod:spec.podTemplate.spec
beat.k8s.elastic.co Beat image:spec.image else:docker.elastic.co/beats/{spec.type}:{spec.version} pod:spec.daemonSet.podTemplate.spec pod:spec.deployment.podTemplate.spec
agent.k8s.elastic.co Agent image:spec.image else:docker.elastic.co/beats/elastic-agent:{spec.version} also:docker.elastic.co/elastic-agent/elastic-agent:{spec.version} pod:spec.daemonSet.podTemplate.spec pod:spec.deployment.podTemplate.spec pod:spec.statefulSet.podTemplate.spec
logstash.k8s.elastic.co Logstash image:spec.image else:docker.elastic.co/logstash/logstash:{spec.version} pod:spec.podTemplate.spec
maps.k8s.elastic.co ElasticMapsServer image:spec.image else:docker.elastic.co/elastic-maps-service/elastic-maps-server:{spec.version} pod:spec.podTemplate.spec

# github.com/strimzi/strimzi-kafka-operator api/src/main/java/io/strimzi/api/kafka/model/
kafka.strimzi.io Kafka at:spec image:kafka.image image:kafka.brokerRackInitImage image:zookeeper.image image:entityOperator.topicOperator.image image:entityOperator.userOperator.image image:entityOperator.tlsSidecar.image image:kafkaExporter.image image:cruiseControl.image image:jmxTrans.image
kafka.strimzi.io KafkaConnect,KafkaMirrorMaker,KafkaMirrorMaker2,KafkaBridge image:spec.image image:spec.clientRackInitImage

# github.com/cert-manager/cert-manager pkg/apis/acme/v1/types_issuer.go (ACMEChallengeSolverHTTP01IngressPodTemplate)
cert-manager.io Issuer,ClusterIssuer pod:spec.acme.solvers[].http01.ingress.podTemplate.spec pod:spec.acme.solvers[].http01.gatewayHTTPRoute.podTemplate.spec

# github.com/istio/istio operator/pkg/apis/types.go, manifests/charts/*/values.yaml (hub, tag, image of pilot, proxy, cni, ztunnel)
install.istio.io IstioOperator maybe:{spec.hub}/pilot:{spec.tag} maybe:{spec.hub}/proxyv2:{spec.tag}
# github.com/istio/api extensions/v1alpha1/wasm.proto (WasmPlugin.url)
extensions.istio.io WasmPlugin oci:spec.url
# github.com/istio-ecosystem/sail-operator api/v1/values_types.gen.go
sailoperator.io Istio,IstioCNI,ZTunnel maybe:{spec.values.global.hub}/pilot:{spec.values.global.tag} maybe:{spec.values.global.hub}/proxyv2:{spec.values.global.tag}
# github.com/envoyproxy/gateway api/v1alpha1/envoyproxy_types.go, shared_types.go (KubernetesContainerSpec)
gateway.envoyproxy.io EnvoyProxy at:spec.provider.kubernetes container:envoyDeployment.container container:envoyDaemonSet.container pod:envoyDeployment pod:envoyDaemonSet
gateway.envoyproxy.io EnvoyExtensionPolicy image:spec.wasm[].code.image.url

# github.com/tektoncd/pipeline pkg/apis/pipeline/v1/task_types.go, pipeline_types.go, taskrun_types.go, pipelinerun_types.go, v1beta1/stepaction_types.go
tekton.dev Task,ClusterTask at:spec container:steps[] container:sidecars[] container:stepTemplate
tekton.dev TaskRun at:spec.taskSpec container:steps[] container:sidecars[] container:stepTemplate
tekton.dev Pipeline at:spec container:tasks[].taskSpec.steps[] container:tasks[].taskSpec.sidecars[] container:tasks[].taskSpec.stepTemplate container:finally[].taskSpec.steps[] container:finally[].taskSpec.sidecars[] container:finally[].taskSpec.stepTemplate
tekton.dev PipelineRun at:spec.pipelineSpec container:tasks[].taskSpec.steps[] container:tasks[].taskSpec.sidecars[] container:tasks[].taskSpec.stepTemplate container:finally[].taskSpec.steps[] container:finally[].taskSpec.sidecars[] container:finally[].taskSpec.stepTemplate
tekton.dev StepAction container:spec

# github.com/openkruise/kruise apis/apps/v1alpha1/*_types.go, apis/apps/v1beta1/*_types.go
apps.kruise.io CloneSet,StatefulSet,DaemonSet,BroadcastJob pod:spec.template.spec
apps.kruise.io AdvancedCronJob pod:spec.template.jobTemplate.spec.template.spec pod:spec.template.broadcastJobTemplate.spec.template.spec
apps.kruise.io SidecarSet pod:spec
apps.kruise.io UnitedDeployment pod:spec.template.*.spec.template.spec
apps.kruise.io EphemeralJob pod:spec.template
apps.kruise.io ImagePullJob image:spec.image
apps.kruise.io ImageListPullJob image:spec.images[]

# github.com/zalando/postgres-operator pkg/apis/acid.zalan.do/v1/postgresql_type.go, operator_configuration_type.go
acid.zalan.do postgresql image:spec.dockerImage container:spec.sidecars[] container:spec.initContainers[] container:spec.init_containers[] image:spec.connectionPooler.dockerImage
acid.zalan.do OperatorConfiguration at:configuration image:docker_image image:logical_backup.logical_backup_docker_image image:connection_pooler.connection_pooler_image container:sidecars[] image:sidecar_docker_images.*

# github.com/cloudnative-pg/cloudnative-pg api/v1/cluster_types.go, pooler_types.go, imagecatalog_types.go
postgresql.cnpg.io Cluster image:spec.imageName image:spec.postgresql.extensions[].image.reference
postgresql.cnpg.io Pooler pod:spec.template.spec
postgresql.cnpg.io ImageCatalog,ClusterImageCatalog image:spec.images[].image
# github.com/CrunchyData/postgres-operator pkg/apis/postgres-operator.crunchydata.com/v1beta1/*_types.go
postgres-operator.crunchydata.com PostgresCluster at:spec image:image image:backups.pgbackrest.image image:proxy.pgBouncer.image image:monitoring.pgmonitor.exporter.image image:userInterface.pgAdmin.image container:instances[].containers[] container:proxy.pgBouncer.containers[]
postgres-operator.crunchydata.com PGAdmin,PGUpgrade image:spec.image
# github.com/percona/percona-server-mongodb-operator pkg/apis/psmdb/v1/psmdb_types.go
psmdb.percona.com PerconaServerMongoDB image:spec.image image:spec.initImage image:spec.backup.image image:spec.pmm.image image:spec.logcollector.image container:spec.replsets[].sidecars[]
# github.com/percona/percona-xtradb-cluster-operator pkg/apis/pxc/v1/pxc_types.go
pxc.percona.com PerconaXtraDBCluster at:spec image:pxc.image image:haproxy.image image:proxysql.image image:backup.image image:logcollector.image image:pmm.image image:initContainer.image image:initImage container:pxc.sidecars[]
# github.com/percona/percona-postgresql-operator pkg/apis/pgv2.percona.com/v2/perconapgcluster_types.go
pgv2.percona.com PerconaPGCluster image:spec.image image:spec.initContainer.image image:spec.proxy.pgBouncer.image image:spec.backups.pgbackrest.image image:spec.pmm.image container:spec.instances[].sidecars[]

# github.com/rook/rook pkg/apis/ceph.rook.io/v1/types.go
ceph.rook.io CephCluster image:spec.cephVersion.image
ceph.rook.io CephNFS container:spec.security.sssd.sidecar
# github.com/grafana/grafana-operator api/v1beta1/grafana_types.go (version: a tag, or a whole reference)
grafana.integreatly.org Grafana slashed:spec.version else:docker.io/grafana/grafana:{spec.version} pod:spec.deployment.spec.template.spec
# github.com/operator-framework/api pkg/operators/v1alpha1/clusterserviceversion_types.go, catalogsource_types.go
operators.coreos.com ClusterServiceVersion image:spec.relatedImages[].image pod:spec.install.spec.deployments[].spec.template.spec
operators.coreos.com CatalogSource image:spec.image
# github.com/operator-framework/operator-controller api/v1/clustercatalog_types.go
olm.operatorframework.io ClusterCatalog image:spec.source.image.ref
`;
