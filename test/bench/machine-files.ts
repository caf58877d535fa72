import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileContent, type LayerFile, seededContent } from '@gapferry/testkit';

/** Files of this machine one after another, endlessly: programs and libraries first in a fixed order, then the same again. */
export type FilePool = AsyncGenerator<PoolFile, never>;

export interface PoolFile {
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

const DIRECTORIES = ['/usr/bin', '/usr/lib', '/usr/share'];
/** Smaller ones only make the archive slow to build; larger ones would be a layer of their own. */
const SIZES = { least: 32 << 10, most: 64 << 20 };

export async function* machineFiles(): FilePool {
  const { size } = await stat(process.execPath);
  const files: PoolFile[] = [{ path: process.execPath, size, executable: true }];
  for (const directory of DIRECTORIES) files.push(...(await filesBelow(directory)));
  for (;;) yield* files;
}

/** Files of together about `size` bytes under `name/`; the last is cut to fit, and one small file makes the layer differ from every other. */
export async function takeFiles(pool: FilePool, size: number, name: string): Promise<LayerFile[]> {
  const files: LayerFile[] = [{ path: `${name}/about`, content: `${name}\n` }];
  for (let left = size; left > 0; ) {
    const { value } = await pool.next();
    const path = `${name}/${files.length}${value.path}`;
    const whole = value.size <= left;
    const content = whole ? await fileContent(value.path) : seededContent(left, name);
    files.push({ path, content, mode: value.executable ? 0o755 : 0o644 });
    left -= content.size;
  }
  return files;
}

/** Sorted, so that the same machine gives the same order. What may not be read is left out. */
async function filesBelow(directory: string): Promise<PoolFile[]> {
  const found: PoolFile[] = [];
  const entries = await opendir(directory, { recursive: true }).catch(() => undefined);
  if (entries === undefined) return found;
  for await (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const facts = await stat(path).catch(() => undefined);
    if (facts === undefined || facts.size < SIZES.least || facts.size > SIZES.most) continue;
    if ((facts.mode & 0o004) !== 0)
      found.push({ path, size: facts.size, executable: (facts.mode & 0o111) !== 0 });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
