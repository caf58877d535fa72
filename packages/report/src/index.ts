/**
 * What a change board, an auditor and an operator read: differences, inventories and import plans as text and JSON.
 *
 * It takes data and returns strings and objects; it decides nothing, prints nothing and reads nothing. Text from outside is made safe for a terminal.
 * Texts end without a newline; `to…Json` returns values ready for `JSON.stringify`, whole digests and plain numbers of bytes in them.
 *
 * Imported by the cli only.
 */
export { filteredNote } from './attached-text.ts';
export * from './content-dates.ts';
export * from './format-bytes.ts';
export * from './format-cef.ts';
export * from './format-diff.ts';
export * from './format-duration.ts';
export * from './format-import-plan.ts';
export * from './format-inventory.ts';
export * from './format-ledger-entry.ts';
export * from './format-plan-difference.ts';
export * from './format-status.ts';
export * from './format-table.ts';
export * from './site-status.ts';
export * from './with-commit-counts.ts';
