import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program on PATH, or undefined: then the test that needs it is skipped with a reason (`isMissing`). */
export function which(tool: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, tool))
    .find(isProgram);
}

/** For `describe.skipIf` and `it.skipIf`: true, and the reason is printed, when one of the programs is not on the machine. */
export function isMissing(...tools: readonly string[]): boolean {
  const missing = tools.filter((tool) => which(tool) === undefined);
  if (missing.length > 0) process.stderr.write(`skipped: ${missing.join(', ')} not on this machine\n`);
  return missing.length > 0;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
