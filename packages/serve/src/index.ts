/**
 * Serves what the embedded depot target holds: an OCI registry, smart HTTP Git and plain files, all read-only.
 *
 * It accepts no upload, changes nothing on disk and is not meant to face the internet.
 *
 * Imported by the cli only.
 */
export {};
