import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Daemons lie where an ordinary user's PATH does not look. */
const DAEMONS = ['/usr/sbin', '/usr/local/sbin'];

/** Absolute path of a program on PATH or among the system's daemons, or undefined. */
export function findProgram(name) {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  return [...directories, ...DAEMONS].map((directory) => join(directory, name)).find(isProgram);
}

export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The last line that a program said before it failed. */
export function lastWords({ error, signal, stderr, stdout }, limitMs) {
  if (error?.code === 'ETIMEDOUT') return `it took longer than ${limitMs / 1000} s`;
  const said = `${stderr ?? ''}`.trim() || `${stdout ?? ''}`.trim();
  return said.split('\n').at(-1) || error?.message || signal || 'no reason given';
}
