/**
 * Honest in-process fakes of the services gapferry talks to, faulty media, and generators of content.
 * A fake enforces the rules of the service it stands for.
 *
 * It is never a runtime dependency, and never used by core or bundle.
 *
 * Imported by tests only.
 */
export {};
