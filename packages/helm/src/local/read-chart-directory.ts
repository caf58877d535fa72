import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRun, isGapferryError, type Run } from '@gapferry/core';
import { parseChartMetadata } from '../chart-metadata.ts';
import { packChart } from '../pack-chart.ts';
import { type HelmIgnore, parseHelmIgnore } from './helm-ignore.ts';
import { readLocalFile, refusedPlace, toLocalError } from './local-file.ts';

/** An archive of 32 MiB is the largest that is taken; headers need some of it. */
const LIMITS = { bytes: 31_457_280, files: 20_000, depth: 64 } as const;

/** Packs a chart's directory as `helm package` does: .helmignore is heeded, what it leaves in are files and nothing else. Files stay as they are, Chart.yaml too. `what` names the directory in errors.
 *  Throws `CONTENT_INVALID` for links, devices and names that do not belong in an archive, `LIMIT_EXCEEDED`, `SOURCE_NOT_FOUND`, `UNREACHABLE`. */
export async function packChartDirectory(path: string, what: string, run: Run): Promise<Uint8Array> {
  const walk: Walk = { path, what, files: new Map(), bytes: 0, ignored: await readIgnore(path, what) };
  await walkDirectory(walk, '', run);
  const read = (name: string): string | undefined => {
    const content = walk.files.get(name);
    return (
      content &&
      Buffer.from(content)
        .toString('utf8')
        .replace(/^\ufeff/, '')
    );
  };
  const chartYaml = read('Chart.yaml');
  if (chartYaml === undefined) throw refusedPlace(what, 'it is no chart: it has no Chart.yaml');
  return packChart(parseChartMetadata(chartYaml, read('requirements.yaml'), what).name, walk.files);
}

interface Walk {
  readonly path: string;
  readonly what: string;
  readonly files: Map<string, Uint8Array>;
  readonly ignored: HelmIgnore;
  bytes: number;
}

async function readIgnore(path: string, what: string): Promise<HelmIgnore> {
  const file = join(path, '.helmignore');
  try {
    const text = await readLocalFile(file, `${what}/.helmignore`, { maxBytes: 1_048_576, follow: false });
    return parseHelmIgnore(Buffer.from(text).toString('utf8'), what);
  } catch (error) {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return parseHelmIgnore('', what);
    throw error;
  }
}

async function walkDirectory(walk: Walk, below: string, run: Run): Promise<void> {
  checkRun(run);
  if (below.split('/').length > LIMITS.depth)
    throw refusedPlace(walk.what, `its folders are more than ${LIMITS.depth} deep`, 'LIMIT_EXCEEDED');
  const entries = await readdir(join(walk.path, below), { withFileTypes: true }).catch((error: unknown) => {
    throw toLocalError(`${walk.what}/${below}`, error);
  });
  for (const entry of entries) {
    const path = `${below}${entry.name}`;
    if (walk.ignored(path, entry.isDirectory())) continue;
    if (/\p{Cc}|\\/u.test(entry.name)) throw refusedPlace(walk.what, `the name "${path}" is not allowed`);
    if (entry.isDirectory()) await walkDirectory(walk, `${path}/`, run);
    else await keepFile(walk, path);
  }
}

async function keepFile(walk: Walk, path: string): Promise<void> {
  if (walk.files.size >= LIMITS.files)
    throw refusedPlace(walk.what, `it has more than ${LIMITS.files} files`, 'LIMIT_EXCEEDED');
  const content = await readLocalFile(join(walk.path, path), `${walk.what}/${path}`, {
    maxBytes: LIMITS.bytes,
    follow: false,
  });
  walk.bytes += content.byteLength;
  if (walk.bytes > LIMITS.bytes)
    throw refusedPlace(
      walk.what,
      `it has more than ${LIMITS.bytes} bytes; .helmignore can leave out what is not the chart's`,
      'LIMIT_EXCEEDED',
    );
  walk.files.set(path, content);
}
