import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import type { BundleConfig } from '@gapferry/bundle';
import {
  type ChartRendering,
  type ChartWish,
  GapferryError,
  parseImageReference,
  quietRun,
  repositoryOf,
} from '@gapferry/core';
import { readNamedFile } from '../environment.ts';
import type { BundleFiles } from './read-bundle.ts';

export interface ChartAsBundle extends Pick<BundleFiles, 'config' | 'file'> {
  readonly values: ReadonlyMap<string, string>;
}

export interface ChartSettings {
  /** Files, relative to where the command runs. */
  readonly values?: readonly string[];
  readonly release?: string;
  readonly namespace?: string;
  readonly kubeVersion?: string;
  readonly insecure?: readonly string[];
}

/** A chart named on the command line as a bundle that wants it alone: `oci://HOST/PATH:VERSION`, an archive, or a chart's directory. Undefined for anything else. Throws `USAGE`, and what reading the chart throws. */
export async function chartAsBundle(
  text: string,
  settings: ChartSettings,
): Promise<ChartAsBundle | undefined> {
  const wish = text.startsWith('oci://') ? registryChart(text) : await localChart(text);
  if (wish === undefined) return undefined;
  const { values = [], insecure = [], release, namespace, kubeVersion } = settings;
  const read = new Map<string, string>();
  for (const path of values) read.set(path, await readNamedFile(path, 'the values file'));
  const rendering: ChartRendering = {
    ...(values.length > 0 && { values: values.map((file) => ({ file })) }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(kubeVersion !== undefined && { kubeVersion }),
  };
  const config: BundleConfig = {
    name: 'chart',
    channel: 'chart',
    platforms: [],
    wishes: [{ ...wish, ...(Object.keys(rendering).length > 0 && { rendering }) }],
    insecure: [...insecure],
    hosts: new Map(),
  };
  return { config, file: join(process.cwd(), 'bundle.yaml'), values: read };
}

function registryChart(text: string): ChartWish {
  const { tag, digest, ...repository } = parseImageReference(text.slice('oci://'.length));
  if (digest !== undefined || !/:[^/]*$/.test(text.slice('oci://'.length)))
    throw new GapferryError({
      code: 'USAGE',
      message: `${text} names no version`,
      hint: 'write oci://HOST/PATH:VERSION',
    });
  const version = (tag ?? '').replaceAll('_', '+');
  return { kind: 'chart', from: 'oci', ref: repositoryOf(repository), version };
}

async function localChart(path: string): Promise<ChartWish | undefined> {
  const name = await nameOf(path);
  return name === undefined ? undefined : { kind: 'chart', from: 'local', path, ref: `localhost/${name}` };
}

/** By its own account. Undefined for what is no chart. */
async function nameOf(path: string): Promise<string | undefined> {
  const { parseChartMetadata, readChartArchive } = await import('@gapferry/helm');
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return undefined;
  if (facts.isDirectory()) {
    const metadata = join(path, 'Chart.yaml');
    if ((await stat(metadata).catch(() => undefined)) === undefined) return undefined;
    return parseChartMetadata(
      await readNamedFile(metadata, "the chart's"),
      undefined,
      basename(resolve(path)),
    ).name;
  }
  if (extname(path) !== '.tgz') return undefined;
  return (await readChartArchive(await readArchive(path, facts.size), path, quietRun())).name;
}

async function readArchive(path: string, size: number): Promise<Uint8Array> {
  if (size <= ARCHIVE_LIMIT) return readFile(path);
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${path} has more than ${ARCHIVE_LIMIT} bytes`,
  });
}

const ARCHIVE_LIMIT = 33_554_432;
