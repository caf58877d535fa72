/**
 * Turns a release into something that can be carried, and back: which blobs go, whether they fit, in which
 * order they are written so that a half-written medium is never taken for a whole one.
 *
 * It does not know what the items of a release are and verifies no signature.
 *
 * Imported by the cli only.
 */
export { type Amount, exportLoose, type LooseExport, type LooseExportReport } from './export-loose.ts';
export type { LooseMedium } from './loose-medium.ts';
