import { posix } from 'node:path';
import { checkRun, printable, type Run } from '@gapferry/core';
import { refused } from './local-error.ts';
import type { LocalFile } from './local-file.ts';
import { type PaxRecords, parsePaxRecords } from './pax-records.ts';
import { BLOCK, LARGEST_OCTAL, parseTarHeader, readText, type TarHeader } from './tar-header.ts';

/** Where the body of a file lies in an archive. */
export interface TarBody {
  readonly offset: number;
  readonly size: number;
}

export interface TarIndex {
  /** The file of this name, links inside the archive followed. Throws `CONTENT_INVALID` for links in a circle. */
  find(name: string): TarBody | undefined;
}

const LIMITS = {
  entries: 50_000,
  /** Of one name, and of all. */
  name: 4096,
  names: 32 << 20,
  extension: 1 << 20,
  /** Zeros after the end; tar fills up to 10 KiB, tape drives to more. */
  padding: 1 << 20,
  links: 8,
} as const;

const WINDOW = 32 * BLOCK;

/** Reads the headers of a tar archive (ustar, pax, GNU long names and sizes) and passes over the bodies.
 *  Throws `CONTENT_INVALID` for names that leave the archive, links that do, devices, sparse files, duplicate names, sizes that do not fit, a cut archive, bytes after its end; `LIMIT_EXCEEDED` (50,000 entries). */
export async function indexTar(file: LocalFile, run: Run): Promise<TarIndex> {
  const walk: Walk = {
    file,
    at: 0,
    window: { at: 0, bytes: new Uint8Array() },
    entries: new Map(),
    seen: 0,
    nameBytes: 0,
  };
  while (await readEntry(walk, run)) checkRun(run);
  await requireZeros(walk, run);
  return { find: (name) => follow(walk, name, 0) };
}

type Entry = TarBody | { readonly linkTo: string };

interface Walk {
  readonly file: LocalFile;
  at: number;
  /** What was read around the last header: where files are small, many headers at once. */
  window: { readonly at: number; readonly bytes: Uint8Array };
  /** Files and links by their path in the archive. */
  readonly entries: Map<string, Entry>;
  seen: number;
  nameBytes: number;
}

/** False at the end. */
async function readEntry(walk: Walk, run: Run): Promise<boolean> {
  let [path, link]: Array<string | undefined> = [];
  let pax: PaxRecords = {};
  for (;;) {
    const header = await nextHeader(walk);
    if (header === undefined) return false;
    if (!'xgLK'.includes(header.type)) {
      place(walk, withExtensions(walk, header, { path, linkpath: link, ...pax }));
      return true;
    }
    checkRun(run);
    const body = await extensionBody(walk, header);
    if (header.type === 'L') path = readText(body, 0, body.byteLength, walk.file.what);
    else if (header.type === 'K') link = readText(body, 0, body.byteLength, walk.file.what);
    else if (header.type === 'x') pax = parsePaxRecords(body, walk.file.what);
    else requireHarmless(walk, parsePaxRecords(body, walk.file.what));
  }
}

async function nextHeader(walk: Walk): Promise<TarHeader | undefined> {
  const { file } = walk;
  if (++walk.seen > LIMITS.entries)
    throw refused(file.what, `it has more than ${LIMITS.entries} entries`, 'LIMIT_EXCEEDED');
  if (walk.at + BLOCK > file.size)
    throw refused(file.what, walk.at === 0 ? 'it is no archive' : 'it is cut: the archive has no end');
  const header = parseTarHeader(await readBlock(walk), file.what);
  walk.at += BLOCK;
  return header;
}

async function readBlock(walk: Walk): Promise<Uint8Array> {
  const { file, at } = walk;
  if (at + BLOCK > walk.window.at + walk.window.bytes.byteLength)
    walk.window = { at, bytes: await file.read(at, Math.min(WINDOW, file.size - at)) };
  return walk.window.bytes.subarray(at - walk.window.at, at - walk.window.at + BLOCK);
}

async function extensionBody(walk: Walk, { size }: TarHeader): Promise<Uint8Array> {
  if (size > LIMITS.extension)
    throw refused(walk.file.what, `it has an extended header of ${size} bytes`, 'LIMIT_EXCEEDED');
  const { offset } = skipBody(walk, size);
  return walk.file.read(offset, size);
}

/** Moves on behind a body. */
function skipBody(walk: Walk, size: number): TarBody {
  const offset = walk.at;
  const next = offset + Math.ceil(size / BLOCK) * BLOCK;
  if (next > walk.file.size)
    throw refused(
      walk.file.what,
      `it is cut, or lies: an entry claims ${size} bytes, and ${walk.file.size - offset} are left`,
    );
  walk.at = next;
  return { offset, size };
}

/** A global header that renames or resizes everything is nothing that tools for images write. */
function requireHarmless({ file }: Walk, records: PaxRecords): void {
  if (Object.keys(records).length > 0) throw refused(file.what, 'it has a global header with paths or sizes');
}

interface Extensions {
  readonly path?: string | undefined;
  readonly linkpath?: string | undefined;
  readonly size?: number | undefined;
}

/** Two programs must not see two archives in one: a size is said once, or as 0 where the header has no room for it. */
function withExtensions({ file }: Walk, header: TarHeader, { path, linkpath, size }: Extensions): TarHeader {
  const agrees = size === undefined || size === header.size || (size > LARGEST_OCTAL && header.size === 0);
  if (!agrees) throw refused(file.what, `an entry in it has two sizes, ${header.size} and ${size} bytes`);
  return { ...header, name: path ?? header.name, link: linkpath ?? header.link, size: size ?? header.size };
}

function place(walk: Walk, { name, size, type, link }: TarHeader): void {
  const { what } = walk.file;
  const isFolder = type === '5' || ('0\0'.includes(type) && name.endsWith('/'));
  const path = safePath(walk, isFolder ? name.replace(/\/$/, '') : name);
  if (isFolder) return void skipBody(walk, size);
  if (path === '') throw refused(what, 'an entry in it has no name');
  if (walk.entries.has(path)) throw refused(what, `"${shown(path)}" is in it twice`);
  const body = skipBody(walk, size);
  if ('0\x007'.includes(type)) walk.entries.set(path, body);
  else if (type === '1') walk.entries.set(path, { linkTo: safePath(walk, link) });
  else if (type === '2') walk.entries.set(path, { linkTo: linkTarget(walk, path, link) });
  else throw refused(what, `"${shown(path)}" is ${kindOf(type)}; only files, folders and links are allowed`);
}

function kindOf(type: string): string {
  if (type === 'S') return 'a sparse file';
  if (type === '6') return 'a pipe';
  return type === '3' || type === '4' ? 'a device' : 'a thing of unknown kind';
}

/** The path without a leading `./`. */
function safePath(walk: Walk, name: string): string {
  walk.nameBytes += name.length;
  if (walk.nameBytes > LIMITS.names || name.length > LIMITS.name)
    throw refused(walk.file.what, 'the names in it are too long', 'LIMIT_EXCEEDED');
  const path = name.replace(/^(?:\.\/)+/, '').replace(/^\.$/, '');
  const bad =
    /\p{Cc}|\\/u.test(path) ||
    (path !== '' && path.split('/').some((part) => part === '' || part === '.' || part === '..'));
  if (bad) throw refused(walk.file.what, `the path "${shown(name)}" in it is not allowed`);
  return path;
}

/** A symbolic link starts from the folder it is in. */
function linkTarget(walk: Walk, path: string, link: string): string {
  const target = posix.join(posix.dirname(path), link);
  if (link === '' || posix.isAbsolute(link) || target === '..' || target.startsWith('../'))
    throw refused(walk.file.what, `the link "${shown(path)}" leads out of it, to "${shown(link)}"`);
  return safePath(walk, target);
}

function follow(walk: Walk, name: string, links: number): TarBody | undefined {
  const entry = walk.entries.get(name);
  if (entry === undefined || !('linkTo' in entry)) return entry;
  if (links >= LIMITS.links) throw refused(walk.file.what, `the links of "${shown(name)}" have no end`);
  return follow(walk, entry.linkTo, links + 1);
}

async function requireZeros({ file, at }: Walk, run: Run): Promise<void> {
  if (file.size - at > LIMITS.padding) throw refused(file.what, 'there are bytes after its end');
  for await (const chunk of file.bytes(at, file.size, run))
    if (chunk.some((byte) => byte !== 0)) throw refused(file.what, 'there are bytes after its end');
}

function shown(text: string): string {
  return printable(text.slice(0, 200));
}
