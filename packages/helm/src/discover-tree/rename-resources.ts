import { type Fields, fieldsAt, groupOf, textAt } from './fields.ts';
import type { Kustomization } from './kustomization.ts';
import { changed, type Resource } from './resource.ts';

const NEVER_RENAMED = new Set(['CustomResourceDefinition', 'APIService', 'Namespace']);
const WITHOUT_NAMESPACE = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'CertificateSigningRequest',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PodSecurityPolicy',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
]);

/** `namespace`, `namePrefix` and `nameSuffix`: patches of outer kustomizations may use the new names. */
export function renameResources({ all }: Kustomization, resources: readonly Resource[]): Resource[] {
  const prefix = textAt(all, 'namePrefix') ?? '';
  const suffix = textAt(all, 'nameSuffix') ?? '';
  const namespace = textAt(all, 'namespace');
  if (prefix === '' && suffix === '' && namespace === undefined) return [...resources];
  return resources.map((resource) => {
    const { object } = resource;
    const kind = String(object['kind']);
    const metadata = {
      ...fieldsAt(object, 'metadata'),
      ...(namespace !== undefined && !WITHOUT_NAMESPACE.has(kind) && { namespace }),
      ...(!NEVER_RENAMED.has(kind) && named(object, prefix, suffix)),
    };
    return changed(resource, { ...object, metadata });
  });
}

function named(object: Fields, prefix: string, suffix: string): Fields {
  const name = textAt(object, 'metadata', 'name');
  return name === undefined || groupOf(object) === 'kustomize.config.k8s.io'
    ? {}
    : { name: `${prefix}${name}${suffix}` };
}
