import {
  type BlobStore,
  type ChartHolding,
  chartIdentity,
  type Descriptor,
  type Digest,
  digestOf,
  GapferryError,
  isGapferryError,
  MEDIA_TYPES,
  printable,
  type RepositoryChartPin,
  type RepositoryChartWish,
  type Run,
  readVerified,
  requireDigest,
  wishDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { readChartArchive } from './chart-archive.ts';
import { storeChartArtifact } from './chart-artifact.ts';
import { INDEX_LIMIT, type IndexEntry, readChartIndex } from './chart-index.ts';
import type { ChartMetadata } from './chart-metadata.ts';
import { newestVersion } from './chart-version.ts';
import { isProvenance, PROVENANCE_LIMIT } from './provenance/provenance-file.ts';

/** Compressed bytes of one archive; it is held in memory while it is checked. */
const ARCHIVE_LIMIT = 33_554_432;

/** Charts from classic repositories: an index.yaml below a URL, and archives. */
export interface RepositoryCharts {
  resolve(wish: RepositoryChartWish, run: Run): Promise<RepositoryChartPin>;
  fetch(pin: RepositoryChartPin, into: BlobStore, run: Run): Promise<ChartHolding>;
}

/** `demandsProvenance`: a chart is not taken without one that cannot be read. */
export function repositoryCharts(
  http: HttpClient,
  demandsProvenance: (pin: RepositoryChartPin) => boolean = () => false,
): RepositoryCharts {
  const indexes = indexReader(http);
  return {
    resolve: async (wish, run) => {
      const entry = chooseEntry(readChartIndex(await indexes(wish.url, run), wish.name, wish.url), wish);
      const { version } = entry;
      const id = `${chartIdentity(wish)}:${version}`;
      const url = archiveUrl(wish.url, entry.url);
      const archive =
        entry.digest ?? (await digestOfArchive(http, { id, url, name: wish.name, version }, run));
      return {
        kind: 'chart',
        from: 'repository',
        id,
        wish: wishDigest(wish),
        name: wish.name,
        version,
        url,
        archive,
      };
    },
    fetch: async (pin, into, run) => {
      const archive = (await fromStore(http, pin, into, run)) ?? (await download(http, pin, run));
      requireDigest({ digest: pin.archive, size: archive.byteLength }, digestOf(archive), {
        origin: 'source',
        place: pin.url,
      });
      const metadata = await checkChart(archive, pin, run);
      const provenance = await askProvenance(http, pin, demandsProvenance(pin), run);
      return {
        kind: 'chart',
        pin,
        ...(await storeChartArtifact({ metadata, archive, ...(provenance && { provenance }) }, into, run)),
      };
    },
  };
}

/** Bytes of indexes that are kept: two of the largest, hundreds of usual ones. */
const KEPT_INDEXES = 2 * INDEX_LIMIT;

/** Several charts of one repository cost one download of its index, as long as there are not too many large ones. */
function indexReader(http: HttpClient): (url: string, run: Run) => Promise<Uint8Array> {
  const kept = new Map<string, Promise<Uint8Array>>();
  const sizes = new Map<string, number>();
  const keep = (url: string, size: number): void => {
    sizes.set(url, size);
    let total = [...sizes.values()].reduce((sum, one) => sum + one, 0);
    for (const [other, bytes] of sizes) {
      if (total <= KEPT_INDEXES || other === url) break;
      sizes.delete(other);
      kept.delete(other);
      total -= bytes;
    }
  };
  return (url, run) => {
    const known = kept.get(url);
    if (known !== undefined) return known;
    const asked = loadIndex(http, url, run);
    kept.set(url, asked);
    asked.then(
      ({ byteLength }) => keep(url, byteLength),
      () => kept.delete(url),
    );
    return asked;
  };
}

async function loadIndex(http: HttpClient, url: string, run: Run): Promise<Uint8Array> {
  try {
    return (await http.request({ url: `${url}/index.yaml`, item: url, maxBytes: INDEX_LIMIT }, run)).body;
  } catch (cause) {
    if (!isGapferryError(cause, 'LIMIT_EXCEEDED')) throw cause;
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      origin: 'source',
      message: `${url}/index.yaml is larger than ${INDEX_LIMIT / 2 ** 20} MiB and is not read`,
      hint: 'take the chart from an OCI registry, or name its archive on this machine',
      cause,
    });
  }
}

function chooseEntry(entries: readonly IndexEntry[] | undefined, wish: RepositoryChartWish): IndexEntry {
  if (entries === undefined) throw notFound(`${wish.url} has no chart "${wish.name}"`, 'check the name');
  const versions = entries.map(({ version }) => version);
  const chosen = newestVersion(versions, wish.version);
  const entry = entries.find(({ version }) => version === chosen);
  if (entry === undefined)
    throw notFound(
      `${wish.url} has no version ${wish.version} of the chart ${wish.name}`,
      `there are: ${newest(versions)}`,
    );
  return entry;
}

export function newest(versions: readonly string[]): string {
  const listed = printable(versions.slice(0, 8).join(', ').slice(0, 500));
  return listed === ''
    ? 'no versions at all'
    : listed + (versions.length > 8 ? ` and ${versions.length - 8} more` : '');
}

/** As Helm does: relative to the repository's folder, and a repository's query belongs to its archives too. */
function archiveUrl(repository: string, url: string): string {
  try {
    const base = new URL(repository);
    const resolved = new URL(url, `${base.origin}${base.pathname.replace(/\/+$/, '')}/`);
    if (resolved.protocol !== 'https:' && resolved.protocol !== 'http:')
      throw new Error(`the scheme ${resolved.protocol} is not offered`);
    if (resolved.username !== '' || resolved.password !== '') throw new Error('it carries credentials');
    return resolved.href;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      origin: 'source',
      message: printable(`the index of ${repository} names an archive at "${url.slice(0, 300)}": ${why}`),
      cause,
    });
  }
}

type ChartPlace = Pick<RepositoryChartPin, 'id' | 'url' | 'name' | 'version'>;

/** Where the index tells no digest, the archive itself does. */
async function digestOfArchive(http: HttpClient, chart: ChartPlace, run: Run): Promise<Digest> {
  const archive = await download(http, chart, run);
  await checkChart(archive, chart, run);
  return digestOf(archive);
}

async function download(http: HttpClient, { url, id }: ChartPlace, run: Run): Promise<Uint8Array> {
  return (await http.request({ url, item: id, maxBytes: ARCHIVE_LIMIT }, run)).body;
}

/** The pin does not know the archive's size; when the server tells it and the store has such a blob, nothing is downloaded. */
async function fromStore(
  http: HttpClient,
  pin: RepositoryChartPin,
  into: BlobStore,
  run: Run,
): Promise<Uint8Array | undefined> {
  const answer = await http.request(
    { url: pin.url, method: 'HEAD', item: pin.id, accept: [200, 400, 403, 404, 405, 501] },
    run,
  );
  const size = Number(answer.headers.get('content-length') ?? Number.NaN);
  if (answer.status !== 200 || !Number.isSafeInteger(size) || size > ARCHIVE_LIMIT) return undefined;
  const blob: Descriptor = { mediaType: MEDIA_TYPES.helmChart, digest: pin.archive, size };
  if (!(await into.has(blob, run))) return undefined;
  run.emit({ kind: 'bytes', item: pin.id, bytes: size, reused: true });
  return await readVerified(blob, into.open(blob, run), { origin: 'depot' });
}

async function checkChart(
  archive: Uint8Array,
  { id, name, version }: ChartPlace,
  run: Run,
): Promise<ChartMetadata> {
  const metadata = await readChartArchive(archive, id, run);
  requireNamed(metadata, { name, version }, id);
  return metadata;
}

/** The chart must be the one that was asked for, also by its own account. */
export function requireNamed(
  actual: { name: string; version: string },
  wanted: { name: string; version: string },
  id: string,
): void {
  if (actual.name === wanted.name && actual.version === wanted.version) return;
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: printable(`${id} is refused: its Chart.yaml says that it is ${actual.name} ${actual.version}`),
    hint: 'the repository is damaged or lies; tell its owner',
  });
}

/** A provenance file (Helm's .prov) beside the archive, when there is one. Some servers answer 403 for a file that does not exist, and some answer everything with a page: such an answer is no provenance, but it is told. */
async function askProvenance(
  http: HttpClient,
  pin: RepositoryChartPin,
  demanded: boolean,
  run: Run,
): Promise<Uint8Array | undefined> {
  try {
    const answer = await http.request(
      { url: `${pin.url}.prov`, item: pin.id, maxBytes: PROVENANCE_LIMIT, accept: [200, 404, 410] },
      run,
    );
    if (answer.status !== 200) return undefined;
    if (isProvenance(answer.body)) return answer.body;
    run.emit({
      kind: 'warning',
      item: pin.id,
      message: `${pin.url}.prov is no provenance file; it is left out`,
    });
  } catch (error) {
    if (demanded || !isGapferryError(error, 'FORBIDDEN')) throw error;
    run.emit({
      kind: 'warning',
      item: pin.id,
      message: `${pin.url}.prov may not be read; the chart is taken without provenance`,
    });
  }
  return undefined;
}

function notFound(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'SOURCE_NOT_FOUND', origin: 'source', message, hint });
}
