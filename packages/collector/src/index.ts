/**
 * The outside half as a list of named stages: resolve → look into charts and repositories, and what these point to → fetch → assemble → seal.
 *
 * It knows the ports of core, never an adapter; renders no output; reads no file and opens no socket itself.
 *
 * Imported by the cli only, which passes the adapters in.
 */
export type { GitDemands } from './check-git-signatures.ts';
export type { UpstreamDemands } from './check-upstream.ts';
export * from './collect.ts';
export type { DiscoveredImage, Discovery, LookFetcher } from './discovery.ts';
export type { DiscoveryFailure } from './discovery-error.ts';
export * from './drift-of.ts';
export type { CollectedItem } from './item-tally.ts';
export * from './last-release.ts';
export type { Lead } from './leads.ts';
export * from './preview-collect.ts';
export * from './release-version.ts';
export * from './request.ts';
export * from './resolve-bundle.ts';
export { gravestOf } from './resolve-error.ts';
export * from './survey-bundle.ts';
