/**
 * Mirrors the chosen refs of Git repositories as packs, and applies packs to bare repositories through a
 * quarantine, with the system's git.
 *
 * It does not know any hosting product, and never runs a hook, a filter or a helper that a repository names.
 *
 * Imported by the cli only; collector and importer see it through the ports of core.
 */
export {};
