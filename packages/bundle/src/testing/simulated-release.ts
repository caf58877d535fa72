import { createHash } from 'node:crypto';
import type { Digest, ReleaseFiles, SizedDigest } from '@gapferry/core';
import { seal, type TestKey } from './dsse.ts';

/** JSON that a test may change at will. */
// biome-ignore lint/suspicious/noExplicitAny: attack stories put anything anywhere
export type Loose = any;

/** A release as plain data: change any part, then `seal` it again, or change the sealed bytes. */
export interface SimulatedRelease {
  manifest: Loose;
  packs: Loose | undefined;
  /** The predicate of the statement. */
  predicate: Loose;
  /** Bytes of every blob, packs included. */
  readonly blobs: Map<Digest, Uint8Array>;
  /** Signs what stands here now, like a collector would. */
  seal(key: TestKey, ...more: readonly TestKey[]): ReleaseFiles;
}

/** What a simulated item is made from. The digest of an image's content follows from `text`. */
export interface SimulatedItems {
  readonly images?: Readonly<Record<string, string>>;
  /** `host/path:version` → text. */
  readonly charts?: Readonly<Record<string, string>>;
  /** `host/path` → branch → object id. */
  readonly git?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly files?: Readonly<Record<string, string>>;
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** A release of channel `line-a` with the items given, complete and honest; tests bend it. */
export function simulatedRelease(
  items: SimulatedItems,
  sequence = 1,
  previous: Digest | null = null,
): SimulatedRelease {
  const blobs = new Map<Digest, Uint8Array>();
  const packed: Loose[] = [];
  const all = [
    ...Object.entries(items.charts ?? {}).map(([id, text]) => chart(id, text, blobs)),
    ...Object.entries(items.files ?? {}).map(([id, text]) => file(id, text, blobs)),
    ...Object.entries(items.git ?? {}).map(([id, heads]) => git(id, heads, packed, blobs)),
    ...Object.entries(items.images ?? {}).map(([id, text]) => image(id, text, blobs)),
  ].sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
  const named = new Set<Digest>(all.flatMap((item) => item.blobs));
  const table = [...named].sort().map((digest) => ({ digest, size: blobs.get(digest)?.byteLength ?? 0 }));
  const version = `1.${sequence}.0`;
  return {
    blobs,
    manifest: {
      format: 'gapferry.manifest/1',
      bundle: 'line-a',
      version,
      platforms: [],
      blobs: table,
      items: all,
    },
    packs: packed.length === 0 ? undefined : { format: 'gapferry.packs/1', items: packed },
    predicate: {
      bundle: 'line-a',
      version,
      channel: 'line-a',
      sequence,
      previous,
      issuedAt: `2026-03-0${sequence}T12:00:00Z`,
    },
    seal(key, ...more) {
      return sealFiles(this, [key, ...more]);
    },
  };
}

function sealFiles({ manifest, packs, predicate }: SimulatedRelease, keys: readonly TestKey[]): ReleaseFiles {
  const manifestBytes = canonical(manifest);
  const packsBytes = packs === undefined ? undefined : canonical(packs);
  const statement = statementBytes(predicate, manifestBytes, packsBytes);
  const [first, ...more] = keys.map((key) => [`${key.id}.sigstore.json`, seal(key, statement)] as const);
  return {
    manifest: manifestBytes,
    ...(packsBytes && { packs: packsBytes }),
    statement: first?.[1] ?? new Uint8Array(),
    signatures: new Map(more),
    approvals: new Map(),
  };
}

/** in-toto Statement v1 over the files. */
export function statementBytes(predicate: Loose, manifest: Uint8Array, packs?: Uint8Array): Uint8Array {
  const subject = [{ name: 'manifest.json', digest: { sha256: hex(manifest) } }];
  if (packs !== undefined) subject.push({ name: 'packs.json', digest: { sha256: hex(packs) } });
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://gapferry.dev/release/v1',
    predicate,
  });
}

/** The payload of a sealed bundle, and so the identity of the release. */
export function statementOf(files: ReleaseFiles): Digest {
  const { dsseEnvelope } = JSON.parse(Buffer.from(files.statement).toString('utf8')) as Loose;
  return digest(Buffer.from(dsseEnvelope.payload as string, 'base64'));
}

function image(id: string, text: string, blobs: Map<Digest, Uint8Array>): Loose {
  const config = add(blobs, JSON.stringify({ architecture: 'amd64', os: 'linux', text }));
  const layer = add(blobs, `layer of ${text}`);
  const root = add(
    blobs,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  return {
    kind: 'image',
    id,
    blobs: digests(root, config, layer),
    root: { mediaType: OCI_MANIFEST, ...root },
    platforms: ['linux/amd64'],
    upstream: root.digest,
  };
}

function chart(id: string, text: string, blobs: Map<Digest, Uint8Array>): Loose {
  const version = id.slice(id.lastIndexOf(':') + 1);
  const config = add(blobs, JSON.stringify({ name: 'chart', text }));
  const archive = add(blobs, `archive of ${text}`);
  const layer = { mediaType: CHART_LAYER, ...archive };
  const root = add(
    blobs,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', ...config },
      layers: [layer],
    }),
  );
  return {
    kind: 'chart',
    id,
    blobs: digests(root, config, archive),
    root: { mediaType: OCI_MANIFEST, ...root },
    name: 'chart',
    version,
    source: `oci://${id}`,
    archive: layer,
  };
}

/** The pack is any bytes: what looks into it is not simulated here. */
function git(
  id: string,
  heads: Readonly<Record<string, string>>,
  packed: Loose[],
  blobs: Map<Digest, Uint8Array>,
): Loose {
  const refs = Object.entries(heads)
    .map(([branch, oid]) => ({ name: `refs/heads/${branch}`, oid }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const pack = add(blobs, `pack of ${id} ${JSON.stringify(refs)}`);
  packed.push({ id, packs: [{ ...pack, prerequisites: [] }] });
  packed.sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    kind: 'git',
    id,
    blobs: [],
    source: `https://${id}.git`,
    objectFormat: 'sha1',
    refs,
    ...(refs[0] && { head: refs[0].name }),
  };
}

function file(id: string, text: string, blobs: Map<Digest, Uint8Array>): Loose {
  const root = { mediaType: 'application/octet-stream', ...add(blobs, text) };
  return { kind: 'file', id, blobs: [root.digest], root, source: `https://files.example/${id}`, checked: [] };
}

/** Stores bytes under their digest. */
export function add(blobs: Map<Digest, Uint8Array>, text: string): SizedDigest {
  const bytes = Buffer.from(text);
  const blob = { digest: digest(bytes), size: bytes.byteLength };
  blobs.set(blob.digest, bytes);
  return blob;
}

function digests(...blobs: readonly SizedDigest[]): Digest[] {
  return [...new Set(blobs.map((blob) => blob.digest))].sort();
}

/** RFC 8785 for what stands in these documents: members sorted, no white space. */
export function canonical(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(sorted(value)));
}

function sorted(value: Loose): Loose {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

export function digest(bytes: Uint8Array): Digest {
  return `sha256:${hex(bytes)}` as Digest;
}

function hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
