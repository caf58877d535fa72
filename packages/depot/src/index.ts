/**
 * Blobs and releases on disk: written under a temporary name, hashed on the way in, renamed when they are
 * right, hashed again on the way out. A depot is also a valid OCI image layout, and so is a medium.
 *
 * It does not know what an image, a chart or a pack is, and never decides what to keep.
 *
 * Imported by the cli only; collector and importer see it through the ports of core.
 */
export {};
