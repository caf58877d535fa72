/**
 * Honest in-process fakes of the services gapferry talks to, faulty media, and generators of content.
 * A fake enforces the rules of the service it stands for.
 *
 * It is never a runtime dependency, and never used by core or bundle.
 *
 * Imported by tests, the demo and the bench only.
 */
export * from './chart/chart.ts';
export * from './chart/chart-repository.ts';
export * from './content/content.ts';
export * from './content/image.ts';
export * from './content/layer-tar.ts';
export * from './content/oci-layout.ts';
export * from './content/seeded-bytes.ts';
export * from './content/stored-gzip.ts';
export * from './content/tar-bytes.ts';
export * from './faulty/cutting-proxy.ts';
export * from './faulty/damaged-file.ts';
export * from './faulty/recorded-calls.ts';
export * from './fixed-clock.ts';
export * from './free-port.ts';
export * from './git/git-repository.ts';
export { type GitServerOptions, gitServerMissing, startGitServer } from './git/git-server.ts';
export * from './git/submodules.ts';
export * from './git-host/gitea.ts';
export type { GiteaAccess } from './git-host/gitea-access.ts';
export * from './git-host/gitlab.ts';
export type { GitlabAccess, GitlabGroupRules } from './git-host/gitlab-access.ts';
export type * from './git-host/gitlab-project.ts';
export * from './git-host/gitlab-registry.ts';
export type { HostedRepositories, RefRule } from './git-host/hosted-repositories.ts';
export * from './git-host/release-host.ts';
export * from './harbor/harbor.ts';
export type {
  HarborPermission,
  HarborRobot,
  HarborUser,
} from './harbor/harbor-access.ts';
export type { HarborProject, HarborRole, HarborRule } from './harbor/harbor-projects.ts';
export type { HarborScan, HarborSettings } from './harbor/harbor-state.ts';
export * from './http/access-log.ts';
export * from './http/credentials.ts';
export type { Fault, FaultAction } from './http/fault.ts';
export * from './http/file-server.ts';
export * from './http/http-server.ts';
export * from './http/range.ts';
export * from './http/reply.ts';
export * from './http/test-request.ts';
export type { BatchAnswer, BatchObject } from './lfs/lfs-batch.ts';
export * from './lfs/lfs-pointer.ts';
export * from './lfs/lfs-server.ts';
export * from './memory/memory-blob-store.ts';
export * from './memory/memory-depot.ts';
export * from './memory/memory-ledger.ts';
export * from './memory/memory-releases.ts';
export * from './memory/memory-signer.ts';
export * from './memory/memory-target.ts';
export * from './memory/memory-upstream.ts';
export * from './process/run-process.ts';
export * from './process/which.ts';
export * from './quay/quay.ts';
export type {
  QuayOrganization,
  QuayRepository,
  QuayRobot,
  QuaySettings,
  QuayToken,
  QuayUser,
} from './quay/quay-state.ts';
export * from './registry/registry.ts';
export * from './registry/registry-quirks.ts';
export * from './registry/token-server.ts';
export type { S3Version } from './s3/s3-objects.ts';
export { type S3BucketOptions, type S3Server, type S3ServerOptions, startS3Server } from './s3/s3-server.ts';
export * from './temporary-directory.ts';
export * from './tls-identity.ts';
export * from './webdav/webdav-server.ts';
