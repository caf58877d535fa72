import { createGunzip } from 'node:zlib';
import { checkRun, type ErrorCode, GapferryError, type Run } from '@gapferry/core';
import { extract, type Header } from 'tar-stream';
import { type ChartMetadata, parseChartMetadata } from './chart-metadata.ts';

/** Helm's own limit for what a chart may unpack to, and ours for everything else. */
const LIMITS = {
  unpacked: 104_857_600,
  entries: 20_000,
  metadata: 1_048_576,
  ratio: 200,
  ratioFrom: 10_485_760,
} as const;

/** Checks a chart archive (gzip, tar) without writing anything: sizes, ratio, names, links, duplicates, bytes after the end; reads its Chart.yaml. `what` names the chart in errors.
 *  Throws `CONTENT_INVALID`, or `LIMIT_EXCEEDED`. */
export async function readChartArchive(archive: Uint8Array, what: string, run: Run): Promise<ChartMetadata> {
  return metadataIn(await walkArchive(archive, what, isMetadata, run));
}

/** A chart's archive in memory. */
export interface ChartArchive {
  /** The chart's directory in the archive. Nearly always, but not necessarily, the chart's name. */
  readonly root: string;
  readonly metadata: ChartMetadata;
  /** By path below the chart's directory. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The same checks, and every file: at most 100 MiB. */
export async function readChartFiles(archive: Uint8Array, what: string, run: Run): Promise<ChartArchive> {
  const walk = await walkArchive(archive, what, () => true, run);
  return { root: walk.root ?? '', metadata: metadataIn(walk), files: walk.kept };
}

function isMetadata(path: string): boolean {
  return path === 'Chart.yaml' || path === 'requirements.yaml';
}

async function walkArchive(
  archive: Uint8Array,
  what: string,
  keep: (path: string) => boolean,
  run: Run,
): Promise<Walk> {
  const walk: Walk = { archive, what, keep, names: new Set(), kept: new Map(), unpacked: 0, root: undefined };
  try {
    await walkEntries(walk, run);
  } catch (error) {
    if (error instanceof GapferryError) throw error;
    throw refused(walk, `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  return walk;
}

function metadataIn({ kept, what }: Walk): ChartMetadata {
  const text = (path: string): string | undefined => {
    const content = kept.get(path);
    return (
      content &&
      Buffer.from(content)
        .toString('utf8')
        .replace(/^\ufeff/, '')
    );
  };
  const chartYaml = text('Chart.yaml');
  if (chartYaml === undefined) throw refused({ what }, 'it has no Chart.yaml');
  return parseChartMetadata(chartYaml, text('requirements.yaml'), what);
}

interface Walk {
  readonly archive: Uint8Array;
  readonly what: string;
  readonly names: Set<string>;
  keep(path: string): boolean;
  readonly kept: Map<string, Uint8Array>;
  unpacked: number;
  /** The chart's directory in the archive. */
  root: string | undefined;
}

async function walkEntries(walk: Walk, run: Run): Promise<void> {
  const gunzip = createGunzip();
  const entries = extract();
  gunzip.on('error', (error) => entries.destroy(error));
  gunzip.on('data', (chunk: Buffer) => {
    walk.unpacked += chunk.length;
    if (walk.unpacked > unpackedLimit(walk.archive.byteLength)) gunzip.destroy(tooLarge(walk));
  });
  gunzip.pipe(entries);
  gunzip.end(walk.archive);
  for await (const entry of entries) {
    checkRun(run);
    const path = requireEntry(walk, entry.header);
    const content = await readEntry(walk, path, entry as AsyncIterable<Uint8Array>);
    if (content !== undefined) walk.kept.set(path, content);
  }
  if (gunzip.bytesWritten !== walk.archive.byteLength) throw refused(walk, 'there are bytes after its end');
}

/** A hundred megabytes for a small archive is an attack, for a large one it is data. */
function unpackedLimit(packed: number): number {
  return Math.min(LIMITS.unpacked, Math.max(LIMITS.ratioFrom, packed * LIMITS.ratio));
}

/** Undefined for folders, and for what is not kept. */
async function readEntry(
  walk: Walk,
  path: string,
  entry: AsyncIterable<Uint8Array>,
): Promise<Uint8Array | undefined> {
  const keep = path !== '' && walk.keep(path);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of entry) {
    size += chunk.byteLength;
    if (!keep) continue;
    if (isMetadata(path) && size > LIMITS.metadata)
      throw refused(
        walk,
        `its Chart.yaml or requirements.yaml has more than ${LIMITS.metadata} bytes`,
        'LIMIT_EXCEEDED',
      );
    chunks.push(chunk);
  }
  return keep ? Buffer.concat(chunks) : undefined;
}

/** The path below the chart's directory. */
function requireEntry(walk: Walk, { name, type }: Header): string {
  if (type !== 'file' && type !== 'directory' && type !== 'contiguous-file')
    throw refused(
      walk,
      `"${name.slice(0, 200)}" is a ${type ?? 'thing of unknown kind'}; only files and folders are allowed`,
    );
  const [root = '', ...parts] = name.replace(/\/$/, '').split('/');
  const bad =
    root === '' ||
    /\p{Cc}|\\/u.test(name) ||
    [root, ...parts].some((part) => part === '' || part === '.' || part === '..');
  if (bad) throw refused(walk, `the path "${name.slice(0, 200)}" is not allowed`);
  walk.root ??= root;
  if (root !== walk.root)
    throw refused(walk, `"${name.slice(0, 200)}" lies outside the chart's folder "${walk.root}"`);
  const path = parts.join('/');
  if (type !== 'directory' && path === '')
    throw refused(walk, `the file "${name.slice(0, 200)}" lies outside a chart's folder`);
  if (type === 'directory') return '';
  if (walk.names.has(path)) throw refused(walk, `"${path.slice(0, 200)}" is in it twice`);
  walk.names.add(path);
  if (walk.names.size > LIMITS.entries)
    throw refused(walk, `it has more than ${LIMITS.entries} files`, 'LIMIT_EXCEEDED');
  return path;
}

function tooLarge(walk: Walk): GapferryError {
  return refused(
    walk,
    `it has ${walk.archive.byteLength} bytes and unpacks to more than ${unpackedLimit(walk.archive.byteLength)}`,
    'LIMIT_EXCEEDED',
  );
}

function refused(
  { what }: Pick<Walk, 'what'>,
  why: string,
  code: ErrorCode = 'CONTENT_INVALID',
): GapferryError {
  return new GapferryError({ code, origin: 'source', message: `the archive of ${what} is refused: ${why}` });
}
