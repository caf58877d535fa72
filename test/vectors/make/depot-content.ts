import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { OCI_INDEX, OCI_MANIFEST, sortedBlobs } from './manifest-content.ts';
import { digest } from './openssl.ts';
import { sortedJson } from './vector.ts';

/** Real content of a small release, made with tar and git. */
export interface Content {
  /** By digest. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly items: Record<string, unknown>[];
  readonly packs: object;
  /** Digests by what they are. */
  readonly digests: Readonly<Record<'layer' | 'archive' | 'file' | 'pack', string>>;
  readonly indexJson: string;
}

type Descriptor = { mediaType: string; digest: string; size: number };

export function makeContent(): Content {
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: string | Uint8Array): Descriptor => {
    const name = digest(bytes);
    blobs.set(name, Buffer.from(bytes));
    return { mediaType, digest: name, size: Buffer.from(bytes).byteLength };
  };
  const image = makeImage(add);
  const chart = makeChart(add);
  const file = add('application/octet-stream', '#!/bin/sh\necho k3s\n');
  const repository = makeRepository();
  const pack = add('application/x-git-pack', repository.pack);
  const gitId = 'git.example.org/ops/config';
  return {
    blobs,
    items: [
      chart.item,
      {
        kind: 'file',
        id: 'k3s/v1.31.2/k3s',
        blobs: [file.digest],
        root: file,
        source: 'https://files.example.org/k3s',
        checked: ['given-sha256'],
      },
      {
        kind: 'git',
        id: gitId,
        blobs: [],
        source: `https://${gitId}.git`,
        objectFormat: 'sha1',
        refs: [{ name: 'refs/heads/main', oid: repository.head }],
        head: 'refs/heads/main',
      },
      image.item,
    ],
    packs: {
      format: 'gapferry.packs/1',
      items: [{ id: gitId, packs: [{ digest: pack.digest, size: pack.size, prerequisites: [] }] }],
    },
    digests: {
      layer: image.layer.digest,
      archive: chart.archive.digest,
      file: file.digest,
      pack: pack.digest,
    },
    indexJson: sortedJson({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [chart, image].map(({ item }) => ({
        ...(item['root'] as Descriptor),
        annotations: { 'org.opencontainers.image.ref.name': item['id'] },
      })),
    }),
  };
}

/** The blobs that the manifest lists: all but the pack. */
export function manifestBlobs(content: Content): { digest: string; size: number }[] {
  const listed = [...content.blobs].filter(([name]) => name !== content.digests.pack);
  return sortedBlobs(listed.map(([name, bytes]) => ({ digest: name, size: bytes.byteLength })));
}

type Add = (mediaType: string, bytes: string | Uint8Array) => Descriptor;

function makeImage(add: Add): { item: Record<string, unknown>; layer: Descriptor } {
  const tar = tarOf({ 'hello.txt': 'hello from inside\n' });
  const layer = add('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar));
  const config = add(
    'application/vnd.oci.image.config.v1+json',
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digest(tar)] },
    }),
  );
  const root = add(
    OCI_MANIFEST,
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] }),
  );
  const blobs = [layer, config, root].map((blob) => blob.digest).sort();
  return {
    item: {
      kind: 'image',
      id: 'docker.io/library/hello:1.0',
      blobs,
      root,
      platforms: ['linux/amd64'],
      upstream: root.digest,
    },
    layer,
  };
}

function makeChart(add: Add): { item: Record<string, unknown>; archive: Descriptor } {
  const chart = { apiVersion: 'v2', name: 'hello', version: '0.1.0' };
  const archive = add(
    'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
    gzipSync(tarOf({ 'hello/Chart.yaml': `${JSON.stringify(chart)}\n` })),
  );
  const config = add('application/vnd.cncf.helm.config.v1+json', JSON.stringify(chart));
  const root = add(
    OCI_MANIFEST,
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [archive] }),
  );
  const id = 'ghcr.io/org/charts/hello:0.1.0';
  const blobs = [archive, config, root].map((blob) => blob.digest).sort();
  return {
    item: { kind: 'chart', id, blobs, root, name: 'hello', version: '0.1.0', source: `oci://${id}`, archive },
    archive,
  };
}

function tarOf(files: Readonly<Record<string, string>>): Buffer {
  return inDirectory((directory) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text, { mode: 0o644 });
    }
    const names = Object.keys(files);
    return execFileSync('tar', [
      '-C',
      directory,
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '-cf',
      '-',
      ...names,
    ]);
  });
}

function makeRepository(): { pack: Buffer; head: string } {
  return inDirectory((directory) => {
    const who = {
      GIT_AUTHOR_NAME: 'Anna',
      GIT_AUTHOR_EMAIL: 'anna@example.org',
      GIT_AUTHOR_DATE: '@0 +0000',
      GIT_COMMITTER_NAME: 'Anna',
      GIT_COMMITTER_EMAIL: 'anna@example.org',
      GIT_COMMITTER_DATE: '@0 +0000',
    };
    const env = { ...process.env, ...who, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
    const git = (...args: string[]): Buffer =>
      execFileSync('git', ['-C', directory, ...args], { env, stdio: 'pipe' });
    git('init', '-q', '-b', 'main');
    writeFileSync(join(directory, 'site.yaml'), 'replicas: 2\n');
    git('add', 'site.yaml');
    git('commit', '-q', '-m', 'Run two of them');
    return {
      head: git('rev-parse', 'HEAD').toString().trim(),
      pack: git('pack-objects', '-q', '--stdout', '--all'),
    };
  });
}

function inDirectory<T>(work: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'gapferry-vectors-'));
  try {
    return work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
