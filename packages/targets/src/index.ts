/**
 * The places a release is loaded into: says what is there already and puts there what it is told to.
 *
 * A target never decides what to load, and never opens a blob that nobody verified.
 *
 * Imported by the cli only; importer sees targets through the Target port of core.
 */
export {};
