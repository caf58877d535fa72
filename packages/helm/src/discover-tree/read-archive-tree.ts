import { createGunzip } from 'node:zlib';
import {
  checkRun,
  chooseTreeFiles,
  type ErrorCode,
  GapferryError,
  type LeftOut,
  printable,
  type Run,
  type TreeFile,
} from '@gapferry/core';
import { extract, type Header } from 'tar-stream';

/** The files of an archive that is deployed from. */
export interface ArchiveTree {
  /** By path from the root. No links. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What may hold manifests and is not among `files`, with the reason. */
  readonly leftOut: readonly LeftOut[];
}

/** What it may unpack to: half a GiB, from 10 MiB on 200 times its own size; as many entries as a tree of Git. */
const LIMITS = { unpacked: 536_870_912, ratio: 200, ratioFrom: 10_485_760, entries: 100_000 } as const;

/** Reads an archive of manifests (tar, with or without gzip), as the layer of an artifact of Flux or Argo CD is one, as if it were a tree of Git: the same files are read, links are followed nowhere.
 *  `what` names it in errors. Throws `CONTENT_INVALID` for paths that leave it, entries twice and what is neither file, directory nor link, `LIMIT_EXCEEDED` for too much. */
export async function readArchiveTree(archive: Uint8Array, what: string, run: Run): Promise<ArchiveTree> {
  const entries: TreeFile[] = [];
  await walk(archive, what, run, async (file) => {
    entries.push(file);
    if (entries.length > LIMITS.entries)
      throw refused(what, `it has more than ${LIMITS.entries} entries`, 'LIMIT_EXCEEDED');
  });
  requireDistinct(entries, what);
  const { wanted, leftOut, links } = chooseTreeFiles(entries, what);
  const paths = new Set(wanted.map(({ path }) => path));
  const files = new Map<string, Uint8Array>();
  await walk(archive, what, run, async ({ path, kind }, content) => {
    if (kind === 'file' && paths.has(path)) files.set(path, Buffer.concat(await Array.fromAsync(content)));
  });
  // Without a suffix it may be one of a directory.
  const directories = links.filter(({ path }) => !/\.[^/]*$/.test(path));
  const linked = directories.map(({ path }) => ({ path, reason: 'it is a symbolic link' }));
  return { files, leftOut: [...leftOut, ...linked] };
}

async function walk(
  archive: Uint8Array,
  what: string,
  run: Run,
  visit: (file: TreeFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  try {
    for await (const entry of entriesOf(archive, what)) {
      checkRun(run);
      const file = toFile(entry.header, what);
      if (file !== undefined) await visit(file, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  } catch (error) {
    if (error instanceof GapferryError) throw error;
    throw refused(what, `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function entriesOf(archive: Uint8Array, what: string): ReturnType<typeof extract> {
  const entries = extract();
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) {
    entries.end(archive);
    return entries;
  }
  const limit = Math.min(LIMITS.unpacked, Math.max(LIMITS.ratioFrom, archive.byteLength * LIMITS.ratio));
  const gunzip = createGunzip();
  let unpacked = 0;
  gunzip.on('data', (chunk: Buffer) => {
    unpacked += chunk.length;
    const why = `it has ${archive.byteLength} bytes and unpacks to more than ${limit}`;
    if (unpacked > limit) gunzip.destroy(refused(what, why, 'LIMIT_EXCEEDED'));
  });
  gunzip.on('error', (error) => entries.destroy(error));
  gunzip.pipe(entries);
  gunzip.end(archive);
  return entries;
}

/** Undefined for directories. */
function toFile({ name, type, size }: Header, what: string): TreeFile | undefined {
  const path = name.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  const parts = path.split('/');
  const isRoot = type === 'directory' && (path === '' || path === '.');
  const isBad = parts.some((part) => part === '' || part === '.' || part === '..') || /\p{Cc}|\\/u.test(path);
  if (isBad && !isRoot) throw refused(what, `the path "${name.slice(0, 200)}" is not allowed`);
  switch (type) {
    case 'directory':
      return undefined;
    case 'file':
    case 'contiguous-file':
      return { kind: 'file', size: size ?? 0, path };
    case 'symlink':
    case 'link':
      return { kind: 'link', size: 0, path };
    default:
      throw refused(what, `"${name.slice(0, 200)}" is a ${type ?? 'thing of unknown kind'}`);
  }
}

function requireDistinct(entries: readonly TreeFile[], what: string): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) throw refused(what, `"${path.slice(0, 200)}" is in it twice`);
    seen.add(path);
  }
}

function refused(what: string, why: string, code: ErrorCode = 'CONTENT_INVALID'): GapferryError {
  return new GapferryError({
    code,
    origin: 'source',
    message: printable(`the archive of ${what} is refused: ${why}`),
  });
}
