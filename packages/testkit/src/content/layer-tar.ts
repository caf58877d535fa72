import { once } from 'node:events';
import { opendir, readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pack } from 'tar-stream';
import { type Content, concatContent, fileContent, memoryContent, toContent } from './content.ts';

/** One entry of a layer. Paths are relative, with `/`. */
export interface LayerFile {
  readonly path: string;
  readonly content: Content | Uint8Array | string;
  /** Permission bits; 0o644 where they are not given (links: 0o777). */
  readonly mode?: number;
  /** A symbolic link to this, instead of content. */
  readonly linkTo?: string;
}

const BLOCK = 512;

/** A layer's tar (POSIX ustar, pax where a name needs it) with fixed owner and times, sorted by path: the same files give the same bytes. Memory stays constant. */
export async function layerTar(files: readonly LayerFile[]): Promise<Content> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts: Content[] = [];
  for (const file of sorted) {
    const content = file.linkTo === undefined ? toContent(file.content) : memoryContent('');
    const padding = (BLOCK - (content.size % BLOCK)) % BLOCK;
    parts.push(
      memoryContent(await tarHeader(file, content.size)),
      content,
      memoryContent(new Uint8Array(padding)),
    );
  }
  return concatContent([...parts, memoryContent(new Uint8Array(2 * BLOCK))]);
}

/** The files below a directory (links stay links), under `prefix`, read from disk when the layer is read. */
export async function filesBelow(directory: string, prefix: string = ''): Promise<LayerFile[]> {
  const files: LayerFile[] = [];
  for await (const entry of await opendir(directory)) {
    const from = join(directory, entry.name);
    const path = posix.join(prefix, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(from, path)));
    else if (entry.isSymbolicLink()) files.push({ path, content: '', linkTo: await readlink(from) });
    else if (entry.isFile()) files.push(await fileFromDisk(from, path));
  }
  return files;
}

/** One file of the disk under another name in the layer. */
export async function fileFromDisk(from: string, path: string): Promise<LayerFile> {
  const { mode } = await stat(from);
  return { path, content: await fileContent(from), mode: mode & 0o111 ? 0o755 : 0o644 };
}

/** The header blocks as tar-stream writes them, taken from an archive whose body is never written. */
async function tarHeader(file: LayerFile, size: number): Promise<Uint8Array> {
  const archive = pack();
  const blocks: Uint8Array[] = [];
  archive.entry(
    {
      name: file.path,
      size: file.linkTo === undefined ? size : 0,
      mode: file.mode ?? (file.linkTo === undefined ? 0o644 : 0o777),
      mtime: new Date(0),
      uid: 0,
      gid: 0,
      type: file.linkTo === undefined ? 'file' : 'symlink',
      ...(file.linkTo !== undefined && { linkname: file.linkTo }),
    },
    () => {},
  );
  await once(archive, 'readable');
  for (;;) {
    const block = archive.read() as Uint8Array | null;
    if (block === null) break;
    blocks.push(block);
  }
  archive.destroy();
  return Buffer.concat(blocks);
}
