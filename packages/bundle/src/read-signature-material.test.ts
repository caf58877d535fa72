import {
  type Attachment,
  type BlobReader,
  type Descriptor,
  type Digest,
  GapferryError,
  quietRun,
  verifiedBytes,
} from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { readSignatureMaterial } from './read-signature-material.ts';
import { add, type Loose, signatureImage, testKey } from './testing/index.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const org = testKey('org');

let blobs: Map<Digest, Uint8Array>;
let subject: Descriptor;
let opened: Digest[];
beforeEach(() => {
  blobs = new Map();
  opened = [];
  subject = { mediaType: MANIFEST, ...add(blobs, '{"an":"image"}') };
});

const reader: BlobReader = {
  has: async ({ digest }) => blobs.has(digest),
  open: (blob) => {
    opened.push(blob.digest);
    const bytes = blobs.get(blob.digest);
    if (bytes === undefined) throw new GapferryError({ code: 'BLOB_MISSING', message: 'gone' });
    return verifiedBytes(blob, once(bytes));
  },
};

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function attach(layers: Loose, about: Digest = subject.digest): Attachment {
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', ...add(blobs, '{}') };
  const root = add(blobs, JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers }));
  return { subject: about, root: { mediaType: MANIFEST, ...root } };
}

const layer = (mediaType: string, text: string, annotations?: Loose): Loose => ({
  mediaType,
  ...add(blobs, text),
  ...(annotations && { annotations }),
});

const read = (...attachments: readonly Attachment[]): ReturnType<typeof readSignatureMaterial> =>
  readSignatureMaterial({ item: 'image a', subject, attachments }, reader, quietRun());

describe('the material for upstream signatures', () => {
  it('is nothing where nothing is attached', async () => {
    expect(await readSignatureMaterial({ item: 'image a', subject }, reader, quietRun())).toEqual([]);
    expect(opened).toEqual([]);
  });

  it('comes from sig images, with what their annotations say', async () => {
    const { root } = signatureImage(blobs, subject.digest, org);
    const keyless = attach([
      layer('application/vnd.dev.cosign.simplesigning.v1+json', 'payload', {
        'dev.cosignproject.cosign/signature': 'AAAA',
        'dev.sigstore.cosign/certificate': 'leaf',
        'dev.sigstore.cosign/chain': 'chain',
        'dev.sigstore.cosign/bundle': 'entry',
        'dev.sigstore.cosign/rfc3161timestamp': '',
      }),
    ]);
    expect(await read({ subject: subject.digest, root: { mediaType: MANIFEST, ...root } }, keyless)).toEqual([
      { form: 'simple-signing', payload: expect.anything(), signature: expect.stringMatching(/^M/) },
      {
        form: 'simple-signing',
        payload: Uint8Array.from(Buffer.from('payload')),
        signature: 'AAAA',
        certificate: 'leaf',
        chain: 'chain',
        rekorBundle: 'entry',
      },
    ]);
  });

  it('comes from Sigstore bundles, with the signed bytes where a bundle signs bytes', async () => {
    const material = await read(
      attach([layer(BUNDLE, '{"dsseEnvelope":1}')]),
      attach([layer(BUNDLE, '{"messageSignature":1}')]),
    );
    expect(material).toEqual([
      { form: 'sigstore-bundle', bytes: Uint8Array.from(Buffer.from('{"dsseEnvelope":1}')) },
      {
        form: 'sigstore-bundle',
        bytes: Uint8Array.from(Buffer.from('{"messageSignature":1}')),
        artifact: Uint8Array.from(Buffer.from('{"an":"image"}')),
      },
    ]);
  });

  it('does not come from what is about something else, nor from what is no signature', async () => {
    const other = attach([layer(BUNDLE, 'other')], add(blobs, 'other').digest);
    const sbom = attach([layer('application/spdx+json', 'sbom'), layer('text/plain', 'x', { a: 'b' })]);
    const unsigned = attach([layer('application/vnd.dev.cosign.simplesigning.v1+json', 'payload')]);
    const index = { ...attach([layer(BUNDLE, 'index')]), subject: subject.digest };
    const asIndex = {
      ...index,
      root: { ...index.root, mediaType: 'application/vnd.oci.image.index.v1+json' },
    };
    expect(await read(other, sbom, unsigned, asIndex)).toEqual([]);
  });

  it('passes over what cannot be read as a manifest', async () => {
    const broken = [
      '',
      '{',
      '[]',
      'null',
      '{"layers":{}}',
      '{"layers":[null,1,{"mediaType":1},{"digest":"x"}]}',
    ];
    const roots = broken.map((text) => ({ mediaType: MANIFEST, ...add(blobs, text) }));
    const sizes = attach([
      { ...layer(BUNDLE, 'x'), size: -1 },
      { ...layer(BUNDLE, 'x'), size: '1' },
    ]);
    expect(await read(...roots.map((root) => ({ subject: subject.digest, root })), sizes)).toEqual([]);
  });

  it('leaves out what is too large before it is read', async () => {
    const large = attach([{ mediaType: BUNDLE, digest: subject.digest, size: 2_000_000 }]);
    const payload = attach([
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        digest: subject.digest,
        size: 70_000,
        annotations: { 'dev.cosignproject.cosign/signature': 'AAAA' },
      },
    ]);
    const huge = { subject: subject.digest, root: { ...large.root, size: 2_000_000 } };
    opened = [];
    expect(await read(large, payload, huge)).toEqual([]);
    expect(opened).toEqual([large.root.digest, payload.root.digest]);
  });

  it('is bounded in number and bytes', async () => {
    const one = attach([layer(BUNDLE, 'x')]);
    await expect(read(...Array.from({ length: 1001 }, () => one))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('image a'),
    });
    const many = attach(Array.from({ length: 1001 }, () => layer(BUNDLE, 'x')));
    await expect(read(many)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const big = attach(Array.from({ length: 65 }, () => layer(BUNDLE, 'x'.repeat(1 << 20))));
    await expect(read(big)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('is missing loudly: a blob that is gone or damaged is an error, not an absent signature', async () => {
    const one = attach([layer(BUNDLE, 'signature')]);
    const { digest } = add(blobs, 'signature');
    blobs.set(digest, Buffer.from('signaturf'));
    await expect(read(one)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    blobs.delete(digest);
    await expect(read(one)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});
