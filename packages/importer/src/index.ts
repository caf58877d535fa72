/**
 * The inside half as a list of named stages: receive, verify, survey, plan, apply.
 *
 * It knows the ports of core, never an adapter; renders no output; reads no file and opens no socket itself.
 * What was not verified cannot be planned: the types do not allow it.
 *
 * Imported by the cli only, which passes the adapters in.
 */
export {};
