/**
 * The format: bundle.yaml, lock, manifest, packs, release statement, site.yaml, trust policy, receipt (docs/spec), and the
 * pure decisions over them: assemble, open (first gate), complete (second gate), plan a transfer, plan an import, diff.
 *
 * Takes data and returns data: no files, no network, no clock of its own. Signatures are checked through core's synchronous
 * `Verifier`. `TrustedManifest` and `VerifiedRelease` can be made here and nowhere else.
 * May be imported by collector, importer, report, ledger, transfer and cli.
 */
export * from './assemble.ts';
export * from './attached-change.ts';
export * from './bundle-config.ts';
export * from './check-git-refs.ts';
export * from './check-manifest.ts';
export * from './compare-plans.ts';
export * from './complete.ts';
export type { ConnectionConfig, CredentialsConfig, TokenConfig } from './connection-entry.ts';
export type { ContentChange } from './content-change.ts';
export { contentOf } from './content-of-item.ts';
export type { ContentRule } from './content-rule.ts';
export * from './derived-pins.ts';
export * from './derived-wish.ts';
export * from './diff-manifests.ts';
export * from './directory-change.ts';
export * from './discovered-chart.ts';
export * from './discovered-git.ts';
export * from './discovered-wish.ts';
export * from './estimate-time.ts';
export * from './file-list.ts';
export * from './formats.ts';
export type { NormalizeGitUrl } from './git-entry.ts';
export type { GitHostTargetConfig, RefsPolicyConfig, SshConfig } from './git-host-entry.ts';
export type { GitlabRegistryTargetConfig, GitlabVisibility } from './gitlab-registry-entry.ts';
export type { HarborTargetConfig, ProjectsConfig, ScanConfig } from './harbor-entry.ts';
export type { HostConfig } from './host-entry.ts';
export * from './import-loads.ts';
export * from './judge-override.ts';
export * from './judge-repository.ts';
export * from './judge-upstream.ts';
export * from './lfs-list.ts';
export * from './loaded-attachments.ts';
export * from './lock.ts';
export * from './manifest.ts';
export * from './mark.ts';
export * from './next-release.ts';
export * from './open-release.ts';
export * from './override.ts';
export * from './packs.ts';
export * from './parse-yaml.ts';
export * from './plan-document.ts';
export * from './plan-file.ts';
export * from './plan-import.ts';
export * from './plan-transfer.ts';
export * from './problems.ts';
export * from './prune-file.ts';
export type { OrganizationsConfig, QuayTargetConfig, RepositoriesConfig } from './quay-entry.ts';
export * from './read-content-date.ts';
export * from './read-signature-material.ts';
export * from './receipt.ts';
export * from './ref-list.ts';
export type { RegistryTargetConfig } from './registry-entry.ts';
export { demandedRefs } from './repository-demand.ts';
export { requireFreshContent } from './require-fresh-content.ts';
export type { S3TargetConfig } from './s3-entry.ts';
export * from './scope.ts';
export * from './sending-order.ts';
export * from './signatures.ts';
export {
  encodeSignedObjects,
  parseSignedObjects,
  SIGNED_OBJECTS_LIMIT,
  signedObjectsOf,
} from './signed-objects.ts';
export type { SignerChange } from './signer-change.ts';
export * from './site-config.ts';
export * from './statement.ts';
export type { DirectoryTargetConfig, WebdavTargetConfig } from './tree-entry.ts';
export * from './trust-policy.ts';
export type {
  ArtifactFinding,
  RepositoryFinding,
  UpstreamFinding,
  UpstreamJudgement,
} from './upstream-judgement.ts';
export { type RepositoryRule, type UpstreamRule, upstreamKeyDigest } from './upstream-rule.ts';
export * from './waivable.ts';
export { type Waiver, waiverOf } from './waiver.ts';
