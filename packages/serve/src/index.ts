/**
 * Serves what the embedded depot target holds: an OCI registry, smart HTTP Git and plain files, all read-only.
 *
 * It accepts no upload, changes nothing on disk and is not meant to face the internet. What it needs of a depot it
 * declares itself (`ServedStore`).
 *
 * Imported by the cli only.
 */
export type { GitProgram } from './git/upload-pack.ts';
export type { BasicAuth } from './http/basic-auth.ts';
export * from './serve-depot.ts';
export * from './served-store.ts';
