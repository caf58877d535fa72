/**
 * The outside half as a list of named stages: resolve, fetch, assemble, seal, plan a transfer.
 *
 * It knows the ports of core, never an adapter; renders no output; reads no file and opens no socket itself.
 *
 * Imported by the cli only, which passes the adapters in.
 */
export {};
