/**
 * Single files by URL, checked against the sha256 that the configuration or the lock names.
 *
 * It does not list, mirror or unpack, and does not know the administration of any object store.
 *
 * Imported by the cli only; collector sees it through the Source port of core.
 */
export { type FileSourceOptions, fileSource } from './file-source.ts';
