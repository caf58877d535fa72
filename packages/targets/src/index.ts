/**
 * The places a release is loaded into: says what is there already and puts there what it is told to.
 *
 * A target never decides what to load, and never opens a blob that nobody verified. What it needs of a depot, of Git
 * and of the OCI protocol it declares itself (`EmbeddedStore`, `GitRepositories`, `OciRegistry`).
 *
 * Imported by the cli only; importer sees targets through the Target port of core.
 */
export * from './distinct-places.ts';
export * from './embedded-store.ts';
export * from './embedded-target.ts';
export { type EmbeddedRoots, embeddedRoots } from './embedded-tree.ts';
export type * from './file-tree/file-tree.ts';
export { type FileTreeTargetOptions, fileTreeTarget } from './file-tree/file-tree-target.ts';
export { localTree } from './file-tree/local-tree.ts';
export { HIDDEN, type TreePolicy } from './file-tree/tree-place.ts';
export { type WebdavStore, webdavTree } from './file-tree/webdav-tree.ts';
export { argoCdManifests } from './git-host/consumers/argo-cd.ts';
export { fluxManifests } from './git-host/consumers/flux.ts';
export { gitRewrites } from './git-host/consumers/git-rewrites.ts';
export { GIT_CONSUMER_MARK, type InsideRepository } from './git-host/consumers/inside-repository.ts';
export type * from './git-host/git-host.ts';
export { type GitHostTarget, type GitHostTargetOptions, gitHostTarget } from './git-host/git-host-target.ts';
export type * from './git-host/git-remotes.ts';
export { type GiteaHostOptions, giteaHost, giteaPath } from './git-host/gitea-host.ts';
export { type GitlabHostOptions, gitlabHost, gitlabPath } from './git-host/gitlab-host.ts';
export type { LfsStore } from './git-host/lfs-store.ts';
export { plainHost, plainPath } from './git-host/plain-host.ts';
export type { LiftedRule, LiftJournal } from './git-host/protection-lifts.ts';
export * from './git-repositories.ts';
export {
  type GitlabRegistryTargetOptions,
  gitlabRegistryTarget,
} from './gitlab-registry/gitlab-registry-target.ts';
export type { ProjectsPolicy, ScanPolicy } from './harbor/harbor-place.ts';
export { type HarborTarget, type HarborTargetOptions, harborTarget } from './harbor/harbor-target.ts';
export { type ItemPlace, mapItem } from './map-item.ts';
export type { OrganizationsPolicy, RepositoriesPolicy } from './quay/quay-place.ts';
export { type QuayTargetOptions, quayTarget } from './quay/quay-target.ts';
export { CONTAINERD_MARK, containerdHosts, type Mirror, mirrorUrl } from './registry/containerd-hosts.ts';
export { mapRepository } from './registry/map-repository.ts';
export type * from './registry/oci-registry.ts';
export {
  type RegistryTarget,
  type RegistryTargetOptions,
  registryTarget,
} from './registry/registry-target.ts';
export type { RegistryHostTarget } from './registry-host/registry-host-target.ts';
export type { S3Policy } from './s3/s3-place.ts';
export type * from './s3/s3-store.ts';
export { type S3TargetOptions, s3Target } from './s3/s3-target.ts';
export type { PendingContent, PendingUpload, UploadJournal } from './s3/upload-journal.ts';
