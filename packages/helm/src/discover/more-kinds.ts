/** More lines of the table of known-kinds.ts: what is met less often, in the same form. */
export const MORE_KINDS: string = `
# github.com/openshift/api apps/v1/types.go, image/v1/types.go
apps.openshift.io DeploymentConfig pod:spec.template.spec
# github.com/k3s-io/helm-controller pkg/apis/helm.cattle.io/v1/types.go
helm.cattle.io HelmChart image:spec.jobImage
# github.com/rancher/system-upgrade-controller pkg/apis/upgrade.cattle.io/v1/types.go (version is the tag)
upgrade.cattle.io Plan slashed:spec.upgrade.image else:{spec.upgrade.image}:{spec.version} slashed:spec.prepare.image
# github.com/kubeedge/kubeedge staging/src/github.com/kubeedge/api/apis/operations/v1alpha2/types_nodeupgrade.go, types_imageprepull.go
operations.kubeedge.io NodeUpgradeJob join:{spec.image}:{spec.version} else:docker.io/kubeedge/installation-package:{spec.version}
operations.kubeedge.io ImagePrePullJob image:spec.imagePrePullTemplate.images[]
# github.com/project-akri/akri shared/src/akri/configuration.rs
akri.sh Configuration pod:spec.brokerSpec.brokerPodSpec pod:spec.brokerSpec.brokerJobSpec.template.spec

# github.com/kedacore/keda apis/keda/v1alpha1/scaledjob_types.go
keda.sh ScaledJob pod:spec.jobTargetRef.template.spec
# github.com/kubernetes-sigs/jobset api/jobset/v1alpha2/jobset_types.go
jobset.x-k8s.io JobSet pod:spec.replicatedJobs[].template.spec.template.spec
# github.com/kubernetes-sigs/lws api/leaderworkerset/v1/leaderworkerset_types.go
leaderworkerset.x-k8s.io LeaderWorkerSet pod:spec.leaderWorkerTemplate.leaderTemplate.spec pod:spec.leaderWorkerTemplate.workerTemplate.spec
# github.com/volcano-sh/apis pkg/apis/batch/v1alpha1/job.go
batch.volcano.sh Job pod:spec.tasks[].template.spec
# github.com/kubernetes-sigs/agent-sandbox api/v1alpha1/sandbox_types.go
agents.x-k8s.io Sandbox pod:spec.podTemplate.spec
# github.com/kubeflow/spark-operator api/v1beta2/sparkapplication_types.go, scheduledsparkapplication_types.go
sparkoperator.k8s.io SparkApplication at:spec image:image image:driver.image image:executor.image container:driver.initContainers[] container:driver.sidecars[] container:executor.initContainers[] container:executor.sidecars[]
sparkoperator.k8s.io ScheduledSparkApplication at:spec.template image:image image:driver.image image:executor.image container:driver.initContainers[] container:driver.sidecars[] container:executor.initContainers[] container:executor.sidecars[]
# github.com/apache/flink-kubernetes-operator flink-kubernetes-operator-api/src/main/java/org/apache/flink/kubernetes/operator/api/spec/
flink.apache.org FlinkDeployment image:spec.image pod:spec.podTemplate.spec pod:spec.jobManager.podTemplate.spec pod:spec.taskManager.podTemplate.spec
# github.com/ray-project/kuberay ray-operator/apis/ray/v1/raycluster_types.go, rayjob_types.go, rayservice_types.go
ray.io RayCluster pod:spec.headGroupSpec.template.spec pod:spec.workerGroupSpecs[].template.spec
ray.io RayJob pod:spec.rayClusterSpec.headGroupSpec.template.spec pod:spec.rayClusterSpec.workerGroupSpecs[].template.spec pod:spec.submitterPodTemplate.spec
ray.io RayService pod:spec.rayClusterConfig.headGroupSpec.template.spec pod:spec.rayClusterConfig.workerGroupSpecs[].template.spec
# github.com/kubeflow/trainer (training-operator) pkg/apis/kubeflow.org/v1/*_types.go
kubeflow.org PyTorchJob,TFJob,MPIJob,XGBoostJob,PaddleJob,JAXJob pod:spec.pytorchReplicaSpecs.*.template.spec pod:spec.tfReplicaSpecs.*.template.spec pod:spec.mpiReplicaSpecs.*.template.spec pod:spec.xgbReplicaSpecs.*.template.spec pod:spec.paddleReplicaSpecs.*.template.spec pod:spec.jaxReplicaSpecs.*.template.spec
kubeflow.org Notebook pod:spec.template.spec
# github.com/kserve/kserve pkg/apis/serving/v1beta1/inference_service.go, pkg/apis/serving/v1alpha1/servingruntime_types.go
serving.kserve.io InferenceService pod:spec.predictor container:spec.predictor.* pod:spec.transformer pod:spec.explainer
serving.kserve.io ServingRuntime,ClusterServingRuntime pod:spec

# github.com/open-telemetry/opentelemetry-operator apis/v1beta1/opentelemetrycollector_types.go, apis/v1alpha1/instrumentation_types.go
opentelemetry.io OpenTelemetryCollector image:spec.image image:spec.targetAllocator.image pod:spec container:spec.additionalContainers[]
opentelemetry.io TargetAllocator,OpAMPBridge image:spec.image pod:spec
opentelemetry.io Instrumentation image:spec.java.image image:spec.nodejs.image image:spec.python.image image:spec.dotnet.image image:spec.go.image image:spec.apacheHttpd.image image:spec.nginx.image
# github.com/jaegertracing/jaeger-operator apis/v1/jaeger_types.go
jaegertracing.io Jaeger at:spec image:allInOne.image image:collector.image image:query.image image:agent.image image:ingester.image image:storage.esIndexCleaner.image image:storage.esRollover.image image:storage.dependencies.image
# github.com/VictoriaMetrics/operator api/operator/v1beta1/vmextra_types.go (Image), vm*_types.go, api/operator/v1/*_types.go
operator.victoriametrics.com VMSingle,VMAgent,VMAlert,VMAlertmanager,VMAuth,VLogs,VLSingle,VLAgent,VMAnomaly,VTSingle join:{spec.image.repository}:{spec.image.tag} pod:spec
operator.victoriametrics.com VMCluster join:{spec.vmselect.image.repository}:{spec.vmselect.image.tag} join:{spec.vminsert.image.repository}:{spec.vminsert.image.tag} join:{spec.vmstorage.image.repository}:{spec.vmstorage.image.tag}
# github.com/kube-logging/logging-operator pkg/sdk/logging/api/v1beta1/fluentd_types.go, fluentbit_types.go (ImageSpec)
logging.banzaicloud.io Logging join:{spec.fluentd.image.repository}:{spec.fluentd.image.tag} join:{spec.fluentbit.image.repository}:{spec.fluentbit.image.tag}
# github.com/fluent/fluent-operator apis/fluentbit/v1alpha2/fluentbit_types.go, apis/fluentd/v1alpha1/fluentd_types.go
fluentbit.fluent.io FluentBit image:spec.image pod:spec
fluentd.fluent.io Fluentd image:spec.image

# github.com/rabbitmq/cluster-operator api/v1beta1/rabbitmqcluster_types.go
rabbitmq.com RabbitmqCluster image:spec.image pod:spec.override.statefulSet.spec.template.spec
# github.com/mongodb/mongodb-kubernetes (community) api/v1/mongodbcommunity_types.go
mongodbcommunity.mongodb.com MongoDBCommunity pod:spec.statefulSet.spec.template.spec
# github.com/mariadb-operator/mariadb-operator api/v1alpha1/mariadb_types.go, mariadb_galera_types.go, maxscale_types.go
k8s.mariadb.com MariaDB image:spec.image image:spec.galera.agent.image image:spec.galera.initContainer.image image:spec.metrics.exporter.image image:spec.maxScale.image
k8s.mariadb.com MaxScale image:spec.image image:spec.metrics.exporter.image
# github.com/OT-CONTAINER-KIT/redis-operator api/*/*_types.go (KubernetesConfig, RedisExporter)
redis.redis.opstreelabs.in Redis,RedisCluster,RedisReplication,RedisSentinel image:spec.kubernetesConfig.image image:spec.redisExporter.image image:spec.initContainer.image container:spec.sidecars[]
# github.com/spotahome/redis-operator api/redisfailover/v1/types.go
databases.spotahome.com RedisFailover image:spec.redis.image image:spec.redis.exporter.image image:spec.sentinel.image image:spec.sentinel.exporter.image
# github.com/dragonflydb/dragonfly-operator api/v1alpha1/dragonfly_types.go
dragonflydb.io Dragonfly image:spec.image
# github.com/Altinity/clickhouse-operator pkg/apis/clickhouse.altinity.com/v1/types.go
clickhouse.altinity.com ClickHouseInstallation,ClickHouseInstallationTemplate pod:spec.templates.podTemplates[].spec
clickhouse-keeper.altinity.com ClickHouseKeeperInstallation pod:spec.templates.podTemplates[].spec
# github.com/opensearch-project/opensearch-k8s-operator opensearch-operator/api/v1/opensearch_types.go
opensearch.opster.io OpenSearchCluster image:spec.general.image else:docker.io/opensearchproject/opensearch:{spec.general.version} image:spec.dashboards.image image:spec.initHelper.image
# github.com/scylladb/scylla-operator pkg/api/scylla/v1/types_cluster.go
scylla.scylladb.com ScyllaCluster join:{spec.repository}:{spec.version} join:{spec.agentRepository}:{spec.agentVersion}
# github.com/k8ssandra/cass-operator apis/cassandra/v1beta1/cassandradatacenter_types.go
cassandra.datastax.com CassandraDatacenter image:spec.serverImage image:spec.systemLoggerImage image:spec.configBuilderImage pod:spec.podTemplateSpec.spec
# github.com/apache/solr-operator api/v1beta1/solrcloud_types.go
solr.apache.org SolrCloud join:{spec.solrImage.repository}:{spec.solrImage.tag} join:{spec.busyBoxImage.repository}:{spec.busyBoxImage.tag}
# github.com/pravega/zookeeper-operator api/v1beta1/zookeepercluster_types.go
zookeeper.pravega.io ZookeeperCluster join:{spec.image.repository}:{spec.image.tag}
# github.com/cockroachdb/cockroach-operator apis/v1alpha1/cluster_types.go
crdb.cockroachlabs.com CrdbCluster image:spec.image.name
# github.com/banzaicloud/koperator api/v1beta1/kafkacluster_types.go
kafka.banzaicloud.io KafkaCluster image:spec.clusterImage
# github.com/minio/operator pkg/apis/minio.min.io/v2/types.go
minio.min.io Tenant image:spec.image image:spec.kes.image container:spec.sideCars.containers[] container:spec.initContainers[]
# github.com/emqx/emqx-operator apis/apps/v2beta1/emqx_types.go
apps.emqx.io EMQX image:spec.image

# github.com/bank-vaults/vault-operator pkg/apis/vault/v1alpha1/vault_types.go
vault.banzaicloud.com Vault image:spec.image image:spec.bankVaultsImage image:spec.statsdImage image:spec.fluentdImage
# github.com/keycloak/keycloak operator/src/main/java/org/keycloak/operator/crds/v2alpha1/deployment/KeycloakSpec.java
k8s.keycloak.org Keycloak image:spec.image pod:spec.unsupported.podTemplate.spec
# github.com/Kong/gateway-operator api/v1beta1/dataplane_types.go, controlplane_types.go
gateway-operator.konghq.com DataPlane,ControlPlane pod:spec.deployment.podTemplateSpec.spec
# github.com/actions/actions-runner-controller apis/actions.github.com/v1alpha1/autoscalingrunnerset_types.go
actions.github.com AutoscalingRunnerSet pod:spec.template.spec
# github.com/crossplane/crossplane apis/pkg/v1/package_types.go, apis/pkg/v1beta1/deployment_runtime_config_types.go
pkg.crossplane.io Provider,Configuration,Function image:spec.package
pkg.crossplane.io DeploymentRuntimeConfig pod:spec.deploymentTemplate.spec.template.spec
# github.com/NVIDIA/gpu-operator api/nvidia/v1/clusterpolicy_types.go
nvidia.com ClusterPolicy parts:spec.* parts:spec.*.manager parts:spec.operator.initContainer
# github.com/kubernetes-sigs/node-feature-discovery-operator api/v1/nodefeaturediscovery_types.go
nfd.kubernetes.io NodeFeatureDiscovery image:spec.operand.image
nfd.openshift.io NodeFeatureDiscovery image:spec.operand.image
`;
