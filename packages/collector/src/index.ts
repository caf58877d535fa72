/**
 * The outside half as a list of named stages: resolve → fetch → assemble → seal.
 *
 * It knows the ports of core, never an adapter; renders no output; reads no file and opens no socket itself.
 *
 * Imported by the cli only, which passes the adapters in.
 */
export type { UpstreamDemands } from './check-upstream.ts';
export * from './collect.ts';
export * from './drift-of.ts';
export type { CollectedItem } from './item-tally.ts';
export * from './last-release.ts';
export * from './preview-collect.ts';
export * from './release-version.ts';
export * from './request.ts';
export * from './resolve-bundle.ts';
