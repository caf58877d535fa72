import { crc32 } from 'node:zlib';
import { pack } from 'tar-stream';

/** Files of a chart, by path below its directory, forward slashes. */
export type ChartFiles = ReadonlyMap<string, Uint8Array>;

/** The order in which `helm package` writes: what tells of the chart, templates, other files, vendored charts; folder by folder within each. */
const ORDER: readonly ((path: string) => boolean)[] = [
  (path) => path === 'Chart.yaml',
  (path) => path === 'Chart.lock',
  (path) => path === 'values.yaml',
  (path) => path === 'values.schema.json',
  (path) => path.startsWith('templates/'),
  (path) => !path.startsWith('charts/'),
  () => true,
];

/** Packs a chart into an archive (tar, gzip) below a directory of its name. The same files give the same bytes on every machine: no times, no owners, and no compression, whose output differs
 *  between versions of zlib and processors. */
export async function packChart(name: string, files: ChartFiles): Promise<Uint8Array> {
  const tar = pack();
  const sorted = [...files].sort(([one], [other]) => inOrder(one, other));
  for (const [path, content] of sorted)
    tar.entry({ name: `${name}/${path}`, mode: 0o644, mtime: new Date(0) }, Buffer.from(content));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return storedGzip(Buffer.concat(chunks));
}

function inOrder(one: string, other: string): number {
  const [, chart = ''] = /^(charts\/[^/]+\/)/.exec(one) ?? [];
  // Within a vendored chart the same order holds again.
  if (chart !== '' && other.startsWith(chart))
    return inOrder(one.slice(chart.length), other.slice(chart.length));
  return rank(one) - rank(other) || byFolder(one.split('/'), other.split('/'));
}

function rank(path: string): number {
  return ORDER.findIndex((fits) => fits(path));
}

/** Folder by folder, names by their bytes, as Go walks them: `a/x` comes before `a-b`. */
function byFolder(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((part, i) => part !== other[i]);
  return Buffer.compare(Buffer.from(one[at] ?? ''), Buffer.from(other[at] ?? ''));
}

const STORED_LENGTH = 65_535;

/** RFC 1952 around the stored blocks of RFC 1951. */
function storedGzip(content: Uint8Array): Uint8Array {
  // No name, no time, an unknown system.
  const parts: Uint8Array[] = [Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])];
  for (let at = 0; at < content.byteLength; at += STORED_LENGTH) {
    const block = content.subarray(at, at + STORED_LENGTH);
    const header = Buffer.alloc(5);
    header.writeUInt8(at + block.byteLength === content.byteLength ? 1 : 0, 0);
    header.writeUInt16LE(block.byteLength, 1);
    header.writeUInt16LE(block.byteLength ^ 0xffff, 3);
    parts.push(header, block);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.byteLength % 2 ** 32, 4);
  return Buffer.concat([...parts, trailer]);
}
