/**
 * The command line: words in, wiring, one call, rendered result out. The composition root of gapferry.
 *
 * The only package that reads the environment, prints and exits. It holds no domain logic: what it decides is
 * which adapter goes into which port.
 *
 * Imported by nobody but the tests, which hold the docs against its tables.
 */
export * from './command-table.ts';
export * from './exit-codes.ts';
