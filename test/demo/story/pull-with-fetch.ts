import { createHash } from 'node:crypto';
import { IMAGE } from './demo.ts';
import { expect } from './failure.ts';
import type { PullPlace } from './pull-place.ts';

const ACCEPT = ['application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json'].join(
  ', ',
);

/** Pulls the image, both charts and the file with nothing but Node's fetch and hashes every byte: there on every machine. */
export async function pullWithFetch({ url, published }: PullPlace): Promise<string> {
  const [name = '', tag = ''] = splitTag(IMAGE);
  const counts = { blobs: 0, bytes: 0 };
  await pullManifest(`${url}/v2/${name}`, tag, published.image, counts);
  for (const [file, digest] of Object.entries(published.charts)) await pullChart(url, file, digest);
  const script = await hashed(`${url}/files/site-check/site-check.sh`);
  expect(script.digest === published.file.digest, 'the file that was served is not the published one');
  return `node: ${counts.blobs} blobs of the image (${Math.round(counts.bytes / 1e6)} MB), both charts and the file, every byte hashed`;
}

function splitTag(reference: string): string[] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

interface Manifest {
  readonly manifests?: ReadonlyArray<{ readonly digest: string }>;
  readonly config?: { readonly digest: string };
  readonly layers?: ReadonlyArray<{ readonly digest: string }>;
}

/** Fetches a manifest and all that it names. */
async function pullManifest(
  base: string,
  reference: string,
  digest: string,
  counts: { blobs: number; bytes: number },
): Promise<void> {
  const manifest = await readManifest(base, reference, digest);
  for (const child of manifest.manifests ?? []) await pullManifest(base, child.digest, child.digest, counts);
  for (const blob of [manifest.config, ...(manifest.layers ?? [])]) {
    if (blob === undefined) continue;
    const got = await hashed(`${base}/blobs/${blob.digest}`);
    expect(got.digest === blob.digest, `the served blob ${blob.digest} has the digest ${got.digest}`);
    counts.blobs += 1;
    counts.bytes += got.size;
  }
}

async function readManifest(base: string, reference: string, digest: string): Promise<Manifest> {
  const response = await fetch(`${base}/manifests/${reference}`, { headers: { accept: ACCEPT } });
  expect(response.ok, `${base}/manifests/${reference} answers ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const got = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  expect(got === digest, `${base}/manifests/${reference} has the digest ${got} instead of ${digest}`);
  return JSON.parse(bytes.toString('utf8')) as Manifest;
}

/** `name-version.tgz` → the chart as the embedded registry names it. */
async function pullChart(url: string, file: string, digest: string): Promise<void> {
  const [, name = '', version = ''] = /^(.+)-(\d+\.\d+\.\d+)\.tgz$/.exec(file) ?? [];
  const repository =
    name === 'gapferry' ? 'charts.demo.example/gapferry' : `registry.demo.example/charts/${name}`;
  const response = await fetch(`${url}/v2/${repository}/manifests/${version}`, {
    headers: { accept: ACCEPT },
  });
  expect(response.ok, `the chart ${repository}:${version} is not served (${response.status})`);
  const { layers = [] } = (await response.json()) as Manifest;
  expect(layers[0]?.digest === digest, `the served chart ${file} is not the published one`);
  const got = await hashed(`${url}/v2/${repository}/blobs/${digest}`);
  expect(got.digest === digest, `the served archive ${file} has the digest ${got.digest}`);
}

async function hashed(url: string): Promise<{ digest: string; size: number }> {
  const response = await fetch(url);
  expect(response.ok && response.body !== null, `${url} answers ${response.status}`);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of response.body) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
