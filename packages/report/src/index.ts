/**
 * What a change board, an auditor and an operator read: differences, receipts and inventories as text and JSON.
 *
 * It takes data and returns strings; it decides nothing, prints nothing and reads nothing.
 *
 * Imported by the cli only.
 */
export {};
