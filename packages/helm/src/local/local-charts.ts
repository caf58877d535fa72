import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type BlobStore,
  type ChartHolding,
  digestOf,
  GapferryError,
  isGapferryError,
  type LocalChartPin,
  type LocalChartWish,
  type Run,
  wishDigest,
} from '@gapferry/core';
import { readChartArchive } from '../chart-archive.ts';
import { storeChartArtifact } from '../chart-artifact.ts';
import type { ChartMetadata } from '../chart-metadata.ts';
import { isProvenance, PROVENANCE_LIMIT } from '../provenance/provenance-file.ts';
import { readLocalFile, refusedPlace, toLocalError } from './local-file.ts';
import { packChartDirectory } from './read-chart-directory.ts';

const ARCHIVE_LIMIT = 33_554_432;

/** Charts on this machine: a directory, which is packed, or an archive, which stays as it is. Paths are relative to `baseDirectory`, the directory of bundle.yaml. */
export interface LocalCharts {
  resolve(wish: LocalChartWish, run: Run): Promise<LocalChartPin>;
  fetch(pin: LocalChartPin, into: BlobStore, run: Run): Promise<ChartHolding>;
}

export function localCharts(baseDirectory: string): LocalCharts {
  return {
    resolve: async (wish, run) => {
      const { archive, metadata } = await readLocalChart(baseDirectory, wish.path, run);
      requireLastPart(wish, metadata);
      return {
        kind: 'chart',
        from: 'local',
        id: `${wish.ref}:${metadata.version}`,
        wish: wishDigest(wish),
        name: metadata.name,
        version: metadata.version,
        path: wish.path,
        archive: digestOf(archive),
      };
    },
    fetch: async (pin, into, run) => {
      const { archive, metadata, provenance } = await readLocalChart(baseDirectory, pin.path, run);
      const actual = digestOf(archive);
      if (actual !== pin.archive) throw moved(pin, actual);
      run.emit({ kind: 'item-started', item: pin.id, bytes: archive.byteLength });
      const content = { metadata, archive, ...(provenance && { provenance }) };
      const stored = await storeChartArtifact(content, into, run);
      run.emit({ kind: 'bytes', item: pin.id, bytes: archive.byteLength });
      run.emit({ kind: 'item-done', item: pin.id, outcome: 'done', bytes: archive.byteLength });
      return { kind: 'chart', pin, ...stored };
    },
  };
}

interface LocalChart {
  readonly archive: Uint8Array;
  readonly metadata: ChartMetadata;
  readonly provenance: Uint8Array | undefined;
}

/** `path` as it is written; `SOURCE_NOT_FOUND` when nothing is there. */
async function readLocalChart(baseDirectory: string, path: string, run: Run): Promise<LocalChart> {
  const absolute = resolve(baseDirectory, path);
  const facts = await stat(absolute).catch((error: unknown) => {
    throw toLocalError(path, error);
  });
  const archive = facts.isDirectory()
    ? await packChartDirectory(absolute, path, run)
    : await readLocalFile(absolute, path, { maxBytes: ARCHIVE_LIMIT, follow: true });
  const metadata = await readChartArchive(archive, path, run);
  const provenance = facts.isDirectory()
    ? undefined
    : await readProvenance(`${absolute}.prov`, `${path}.prov`);
  return { archive, metadata, provenance };
}

/** As `helm push` does, what lies beside the archive belongs to it. */
async function readProvenance(absolute: string, what: string): Promise<Uint8Array | undefined> {
  try {
    const content = await readLocalFile(absolute, what, { maxBytes: PROVENANCE_LIMIT, follow: true });
    if (isProvenance(content)) return content;
  } catch (error) {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return undefined;
    throw error;
  }
  throw refusedPlace(what, 'it is no provenance file');
}

/** Helm finds a chart in a registry only where the repository's last part is its name. */
function requireLastPart({ path, ref }: LocalChartWish, { name }: ChartMetadata): void {
  const last = ref.slice(ref.lastIndexOf('/') + 1);
  if (last === name) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the chart in ${path} is called ${name}, but "as" says ${ref}`,
    hint: `write as: ${ref}/${name}, or correct its last part`,
  });
}

function moved({ id, path, archive }: LocalChartPin, actual: string): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    origin: 'source',
    message: `${path} was changed: the lock has ${archive} for ${id}, and it is ${actual} now`,
    hint: 'bring the chart back that was there, or run without --locked to take what is there now',
    data: { path, expected: archive, actual },
  });
}
