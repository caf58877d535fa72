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
  const walk: Walk = { archive, what, names: new Set(), texts: new Map(), unpacked: 0, root: undefined };
  try {
    await walkEntries(walk, run);
  } catch (error) {
    if (error instanceof GapferryError) throw error;
    throw refused(walk, `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  const chartYaml = walk.texts.get('Chart.yaml');
  if (chartYaml === undefined) throw refused(walk, 'it has no Chart.yaml');
  return parseChartMetadata(chartYaml, walk.texts.get('requirements.yaml'), what);
}

interface Walk {
  readonly archive: Uint8Array;
  readonly what: string;
  readonly names: Set<string>;
  /** Chart.yaml and requirements.yaml. */
  readonly texts: Map<string, string>;
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
    const wanted = path === 'Chart.yaml' || path === 'requirements.yaml';
    const text = await readEntry(walk, entry as AsyncIterable<Uint8Array>, wanted);
    if (wanted) walk.texts.set(path, text.replace(/^\ufeff/, ''));
  }
  if (gunzip.bytesWritten !== walk.archive.byteLength) throw refused(walk, 'there are bytes after its end');
}

/** A hundred megabytes for a small archive is an attack, for a large one it is data. */
function unpackedLimit(packed: number): number {
  return Math.min(LIMITS.unpacked, Math.max(LIMITS.ratioFrom, packed * LIMITS.ratio));
}

async function readEntry(walk: Walk, entry: AsyncIterable<Uint8Array>, keep: boolean): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of entry) {
    size += chunk.byteLength;
    if (!keep) continue;
    if (size > LIMITS.metadata)
      throw refused(
        walk,
        `its Chart.yaml or requirements.yaml has more than ${LIMITS.metadata} bytes`,
        'LIMIT_EXCEEDED',
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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

function refused({ what }: Walk, why: string, code: ErrorCode = 'CONTENT_INVALID'): GapferryError {
  return new GapferryError({ code, origin: 'source', message: `the archive of ${what} is refused: ${why}` });
}
