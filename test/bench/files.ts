import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatTable } from '@gapferry/report';
import { mustRun, seededContent } from '@gapferry/testkit';
import { startGateway } from '../live/support/gateway.ts';
import { type Minio, startMinio } from '../live/support/minio.ts';
import { findTool, whyMissing } from '../live/support/tools.ts';
import type { BenchOptions } from './bench-options.ts';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import { type Command, measure } from './measure.ts';
import { comparisonTable, seconds } from './report.ts';
import { type Comparison, sideBySide } from './side-by-side.ts';
import { runOnce } from './verify.ts';

const COUNT = 10_000;
const LARGE = 3_000_000_000;
const RUNS = 3;

/** What each release of the zone's depot has; blobs lie there once. */
const RELEASES = {
  small: ['{path: ../../many, as: many}'],
  large: ['{path: ../../large.bin, as: large.bin}'],
  both: ['{path: ../../many, as: many}', '{path: ../../large.bin, as: large.bin}'],
} as const;
type Release = keyof typeof RELEASES;
const SEQUENCES: Readonly<Record<Release, number>> = { small: 1, large: 2, both: 3 };

/** 10,000 small files and one of 3 GB: into a bucket of MinIO beside boto3, with the requests that both together cost the first and the second time; the small ones into an embedded depot beside
 *  `cp`, and their collect. Needs 9 GB of disk while it runs. */
export async function benchFiles({
  runs = RUNS,
  size = LARGE,
  count = COUNT,
}: BenchOptions): Promise<string> {
  for (const name of ['minio', 'boto3'])
    if (findTool(name) === undefined) return `skipped: ${name}: ${whyMissing(name)}`;
  await using zone = await makeBenchZone({ blobs: '', registry: '', images: [] }, 'example.org');
  await using minio = await startMinio({ storage: zone.path('minio') });
  await makeFiles(zone, count, size);
  const collected = await benchCollectFiles(zone, runs);
  await collectOthers(zone);
  const bench: FilesBench = { zone, minio, runs };
  return [
    `${count} small files and one of ${size} bytes; MinIO and boto3 of the live tests, on the same machine`,
    comparisonTable(collected),
    comparisonTable(await benchEmbedded(bench)),
    comparisonTable(await benchBucket(bench, 'small', zone.path('many'))),
    comparisonTable(await benchBucket(bench, 'large', zone.path('large'))),
    await benchRequests(bench),
  ].join('\n\n');
}

interface FilesBench {
  readonly zone: BenchZone;
  readonly minio: Minio;
  readonly runs: number;
}

/** A hundred a directory, of 20 bytes to 2 KB. */
async function makeFiles(zone: BenchZone, count: number, size: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const directory = zone.path('many', `d${Math.floor(i / 100)}`);
    if (i % 100 === 0) await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `file-${i}.txt`), `file ${i} of many\n`.repeat(1 + (i % 120)));
  }
  await pipeline(seededContent(size, 'large').open(0), createWriteStream(zone.path('large.bin')));
}

async function benchCollectFiles(zone: BenchZone, runs: number): Promise<Comparison[]> {
  await wish(zone, 'small');
  const copy = `cp -r ${zone.path('many')} ${zone.path('copied')} && sync -f ${zone.path('copied')}`;
  return await sideBySide(
    [
      {
        name: 'gapferry collect of the small ones',
        command: zone.collect(),
        prepare: () => zone.empty('depot', 'bundles/bench/bundle.lock.json', 'copied'),
      },
      {
        name: 'cp -r, then sync',
        command: { argv: ['sh', '-c', copy] },
        prepare: () => zone.empty('copied'),
      },
    ],
    runs,
  );
}

/** What boto3 sends is the blob itself: the large file lies on the disk once. */
async function collectOthers(zone: BenchZone): Promise<void> {
  for (const release of ['large', 'both'] as const) {
    await wish(zone, release);
    await runOnce(zone.collectAgain());
  }
  const manifest = JSON.parse(await readFile(zone.path('depot/releases/bench/2/manifest.json'), 'utf8'));
  const hex = String(manifest.items[0].root.digest).replace('sha256:', '');
  await mkdir(zone.path('large'));
  await mustRun('ln', [zone.path('depot/blobs/sha256', hex), zone.path('large/large.bin')]);
  await zone.empty('large.bin');
}

async function wish(zone: BenchZone, release: Release): Promise<void> {
  const lines = RELEASES[release].map((line) => `  - ${line}\n`).join('');
  await writeFile(
    zone.path('bundles/bench/bundle.yaml'),
    `format: gapferry.bundle/1\nname: bench\nfiles:\n${lines}`,
  );
}

async function benchEmbedded({ zone, runs }: FilesBench): Promise<Comparison[]> {
  const copy = `cp -r ${zone.path('many')} ${zone.path('copied')} && sync -f ${zone.path('copied')}`;
  return await sideBySide(
    [
      {
        name: 'gapferry import of the small ones into an embedded depot',
        command: importOf(zone, 'small'),
        prepare: async () => {
          await zone.empty('copied');
          await zone.newSite();
        },
      },
      {
        name: 'cp -r, then sync',
        command: { argv: ['sh', '-c', copy] },
        prepare: () => zone.empty('copied', 'site'),
      },
    ],
    runs,
  );
}

/** `time / first` of boto3 says how many times its throughput gapferry has. */
async function benchBucket(
  { zone, minio, runs }: FilesBench,
  release: Release,
  directory: string,
): Promise<Comparison[]> {
  const [ours, theirs] = [`gapferry-${release}`, `boto3-${release}`];
  // What a run left is taken from under the server: deleting it object by object would take as long as the run.
  const empty = (): Promise<void> => zone.empty(`minio/${ours}`, `minio/${theirs}`);
  return await sideBySide(
    [
      {
        name: `gapferry import into a bucket, ${release}`,
        command: withKeys(importOf(zone, release), minio),
        prepare: async () => {
          await empty();
          await bucketSite(zone, minio.url, ours);
        },
      },
      { name: `boto3, ${release}`, command: sending(minio, theirs, directory), prepare: empty },
    ],
    runs,
  );
}

/** Counted by a proxy between the two, which takes time and memory of its own. */
async function benchRequests({ zone, minio }: FilesBench): Promise<string> {
  const asked = new Map<string, number>();
  await using gateway = await startGateway(minio.port, ({ method }) => {
    asked.set(method, (asked.get(method) ?? 0) + 1);
    return 'pass';
  });
  await zone.empty('minio/gapferry-both');
  await bucketSite(zone, `http://${gateway.host}`, 'gapferry-both');
  const rows: string[][] = [];
  for (const name of ['all of them, the first time', 'once more, unchanged']) {
    asked.clear();
    const { seconds: took, peakMiB } = await measure(withKeys(importOf(zone, 'both'), minio));
    const all = [...asked.values()].reduce((sum, one) => sum + one, 0);
    const each = [...asked].map(([method, times]) => `${times} ${method}`).join(', ');
    rows.push([name, seconds(took), peakMiB?.toFixed(0) ?? '–', `${all} (${each})`]);
  }
  return formatTable([['gapferry import into a bucket', 'seconds', 'peak MiB', 'requests'], ...rows]);
}

function importOf(zone: BenchZone, release: Release): Command {
  const place = `depot#bench/${SEQUENCES[release]}`;
  return zone.gapferry('import', place, '--site', 'site/site.yaml', '--yes', '--no-progress');
}

async function bucketSite(zone: BenchZone, url: string, bucket: string): Promise<void> {
  const members = `endpoint: "${url}", bucket: ${bucket}, create: true, credentials: {env: STORE}`;
  await zone.newSite(`{name: store, kind: s3, ${members}}`);
}

function withKeys(command: Command, { accessKey, secretKey }: Minio): Command {
  return { ...command, env: { ...command.env, STORE_USERNAME: accessKey, STORE_PASSWORD: secretKey } };
}

/** As its documentation shows it: a pool of threads for many files; a large one goes in parts by itself. */
const SEND = `
import boto3, os, sys
from botocore.config import Config
from concurrent.futures import ThreadPoolExecutor
url, access, secret, bucket, directory = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=url, aws_access_key_id=access, aws_secret_access_key=secret, region_name='us-east-1',
    config=Config(s3={'addressing_style': 'path'}, max_pool_connections=16))
s3.create_bucket(Bucket=bucket)
paths = [os.path.join(at, name) for at, _, names in os.walk(directory) for name in names]
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda path: s3.upload_file(path, bucket, os.path.relpath(path, directory)), paths))
`;

function sending({ url, accessKey, secretKey }: Minio, bucket: string, directory: string): Command {
  const python = findTool('boto3') ?? 'python3';
  return { argv: [python, '-c', SEND, url, accessKey, secretKey, bucket, directory] };
}
