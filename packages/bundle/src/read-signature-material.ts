import {
  type Attachment,
  type BlobReader,
  checkRun,
  type Descriptor,
  GapferryError,
  isDigest,
  isGapferryError,
  isManifestType,
  MANIFEST_LIMITS,
  parseJson,
  type Run,
  readVerified,
  type SignatureMaterial,
  type SizedDigest,
} from '@gapferry/core';

/** An artifact, and what came with it. */
export interface SignedArtifact {
  /** For messages: `image docker.io/library/nginx:1.27.3`. */
  readonly item: string;
  /** What upstream served: the manifest that signatures are about. */
  readonly subject: Descriptor;
  readonly attachments?: readonly Attachment[];
}

/** cosign's media type for payloads, and that of Sigstore bundles. */
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGSTORE_BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** What is larger than one of the `…Bytes` is no signature and is left out; what is more than the rest is refused. */
const LIMITS = {
  manifestBytes: 1 << 20,
  payloadBytes: 1 << 16,
  bundleBytes: 1 << 20,
  attachments: 1000,
  signatures: 1000,
  totalBytes: 64 << 20,
} as const;

/** Reads what might be signatures among an artifact's attachments: the layers of those that are about the subject itself. Nothing of it is trusted, and what cannot be read as a manifest is
 *  passed over: a signature that is demanded is then missing. Bounded in number and bytes, whatever came. Throws `LIMIT_EXCEEDED`, and what reading blobs throws. */
export async function readSignatureMaterial(
  { item, subject, attachments = [] }: SignedArtifact,
  from: BlobReader,
  run: Run,
): Promise<readonly SignatureMaterial[]> {
  const own = attachments.filter(
    (one) => one.subject === subject.digest && isManifestType(one.root.mediaType),
  );
  requireAtMost(own.length, LIMITS.attachments, 'attachments', item);
  const read = countedReader(item, from, run);
  const material: SignatureMaterial[] = [];
  for (const { root } of own) {
    checkRun(run);
    if (root.size > LIMITS.manifestBytes) continue;
    for (const layer of layersOf(await read(root))) {
      const one = await toMaterial(layer, read);
      if (one !== undefined) material.push(one);
      requireAtMost(material.length, LIMITS.signatures, 'signatures', item);
    }
  }
  return material.some(signsBytes) ? withArtifact(material, subject, read) : material;
}

type Read = (blob: SizedDigest) => Promise<Uint8Array>;

function countedReader(item: string, from: BlobReader, run: Run): Read {
  let total = 0;
  return async ({ digest, size }) => {
    total += size;
    requireAtMost(total, LIMITS.totalBytes, 'bytes of signatures', item);
    return readVerified({ digest, size }, from.open({ digest, size }, run));
  };
}

interface Layer extends Descriptor {
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** The layers with their annotations, in which cosign keeps signature and certificate. */
function layersOf(manifest: Uint8Array): readonly Layer[] {
  const { layers } = asObject(parseLeniently(manifest));
  if (!Array.isArray(layers)) return [];
  return layers.flatMap((layer: unknown): Layer[] => {
    const { mediaType, digest, size, annotations } = asObject(layer);
    if (typeof mediaType !== 'string' || !isDigest(digest)) return [];
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return [];
    return [{ mediaType, digest, size, annotations: asObject(annotations) }];
  });
}

function parseLeniently(manifest: Uint8Array): unknown {
  try {
    return parseJson(manifest, 'an attachment', MANIFEST_LIMITS);
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}

async function toMaterial(layer: Layer, read: Read): Promise<SignatureMaterial | undefined> {
  if (layer.mediaType === SIGSTORE_BUNDLE && layer.size <= LIMITS.bundleBytes)
    return { form: 'sigstore-bundle', bytes: await read(layer) };
  const signature = layer.annotations['dev.cosignproject.cosign/signature'];
  if (layer.mediaType !== SIMPLE_SIGNING || layer.size > LIMITS.payloadBytes || typeof signature !== 'string')
    return undefined;
  return {
    form: 'simple-signing',
    payload: await read(layer),
    signature,
    ...texts(layer.annotations, {
      certificate: 'dev.sigstore.cosign/certificate',
      chain: 'dev.sigstore.cosign/chain',
      rekorBundle: 'dev.sigstore.cosign/bundle',
      timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
    }),
  };
}

/** Empty is absent: cosign writes it so. */
function texts<K extends string>(
  annotations: Layer['annotations'],
  names: Readonly<Record<K, string>>,
): { [N in K]?: string } {
  const found = Object.entries<string>(names).flatMap(([member, name]) => {
    const text = annotations[name];
    return typeof text === 'string' && text !== '' ? [[member, text]] : [];
  });
  return Object.fromEntries(found) as { [N in K]?: string };
}

/** A glance that saves reading the subject; what it misses is refused later. */
function signsBytes(one: SignatureMaterial): boolean {
  return one.form === 'sigstore-bundle' && Buffer.from(one.bytes).includes('"messageSignature"');
}

async function withArtifact(
  material: readonly SignatureMaterial[],
  subject: Descriptor,
  read: Read,
): Promise<readonly SignatureMaterial[]> {
  if (subject.size > MANIFEST_LIMITS.maxBytes) return material;
  const artifact = await read(subject);
  return material.map((one) => (signsBytes(one) ? { ...one, artifact } : one));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function requireAtMost(count: number, limit: number, what: string, item: string): void {
  if (count <= limit) return;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${item} has more than ${limit} ${what}`,
    hint: 'let "attachments" of the image in bundle.yaml name what is wanted',
  });
}
