import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the largest file below a directory; 0 where there is none. */
export async function largestBelow(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return Math.max(0, ...sizes);
}
