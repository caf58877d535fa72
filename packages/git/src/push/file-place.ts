import { fileURLToPath } from 'node:url';

/** The directory that a `file:` URL names. */
export function directoryOf(url: string): string {
  return fileURLToPath(url);
}
