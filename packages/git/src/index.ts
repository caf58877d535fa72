/**
 * Mirrors the chosen refs of Git repositories as packs, and applies packs to bare repositories through a
 * quarantine, with the system's git.
 *
 * It does not know any hosting product, and never runs a hook, a filter or a helper that a repository names.
 *
 * Imported by the cli only; collector and importer see it through the ports of core.
 */
export { type AboutSource, type AboutSourceOptions, aboutSource } from './about/about-source.ts';
export type { RepositoryApi } from './about/api-address.ts';
export { type ApiQuestion, apiQuestion } from './about/api-question.ts';
export type { ObjectFormat } from './bare-repository.ts';
export type { ChooseTags } from './choose-refs.ts';
export type { GitSetting, GitSurroundings } from './git-environment.ts';
export type { RemoteAccess, RemoteOptions, SshOptions } from './git-remote.ts';
export * from './git-source.ts';
export * from './git-tool.ts';
export * from './git-url.ts';
export { type LfsRemote, type LfsRemoteOptions, lfsRemote } from './lfs/lfs-remote.ts';
export type { GitPusher, GitPusherOptions, GitStage, ObjectsToSend } from './push/git-pusher.ts';
export { gitPusher } from './push/git-pusher.ts';
export type { RefPush } from './push/push-refs.ts';
export type { RemoteRefs } from './push/remote-refs.ts';
export * from './quarantine.ts';
export { countCommits, type GitReach, type RepositoryRefs, readRefs } from './read-refs.ts';
export * from './repository-writer.ts';
export type { RetryOptions } from './retry-trips.ts';
export { type SignedPayload, splitSignature } from './signed/split-signature.ts';
