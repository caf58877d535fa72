/**
 * Blobs and releases on disk: written under a temporary name, hashed on the way in, renamed when they are
 * right, hashed again on the way out. A depot is also a valid OCI image layout, and so is a medium.
 *
 * It does not know what an image, a chart or a pack is, and never decides what to keep.
 *
 * Imported by the cli only; collector and importer see it through the ports of core.
 */
export type { CheckOptions, DepotFindings } from './blob-checker.ts';
export type { DirectoryEntry, FileFacts, FileSystem, FileSystemFacts, OpenFile } from './file-system.ts';
export { nodeFileSystem } from './file-system.ts';
export type { NamedRoot, NameIndex } from './names.ts';
export { type Depot, type DepotOptions, openDepot } from './open-depot.ts';
export type { Amount, DepotSpace, DepotUsage } from './space.ts';
export type { Swept } from './sweep.ts';
