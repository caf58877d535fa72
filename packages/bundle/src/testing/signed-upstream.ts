import { createPublicKey, sign, verify } from 'node:crypto';
import { type Digest, GapferryError, type SizedDigest, type UpstreamVerifier } from '@gapferry/core';
import type { TestKey } from './dsse.ts';
import { add, digest, type Loose, type SimulatedRelease } from './simulated-release.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Signs a digest as cosign does and attaches the `sha256-….sig` image to an item of the release: `about` is what the payload says, the item's upstream digest unless told otherwise. */
export function attachSignature(release: SimulatedRelease, id: string, by: TestKey, about?: Digest): void {
  const item = release.manifest.items.find((one: Loose) => one.id === id);
  const subject: Digest = item.upstream ?? item.root.digest;
  const { root, blobs } = signatureImage(release.blobs, about ?? subject, by);
  item.attachments = [
    {
      subject,
      root: { mediaType: OCI_MANIFEST, ...root },
      artifactType: 'application/vnd.oci.image.config.v1+json',
      tag: `${subject.replace(':', '-')}.sig`,
    },
  ];
  item.blobs = [...new Set([...item.blobs, ...blobs.map((blob) => blob.digest)])].sort();
  const table: SizedDigest[] = release.manifest.blobs;
  const fresh = blobs.filter((blob) => !table.some((known) => known.digest === blob.digest));
  release.manifest.blobs = [...table, ...fresh].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** The image that cosign keeps a signature in (sigstore/cosign, specs/SIGNATURE_SPEC.md), put into `blobs`. */
export function signatureImage(
  blobs: Map<Digest, Uint8Array>,
  about: Digest,
  by: TestKey,
): { readonly root: SizedDigest; readonly blobs: readonly SizedDigest[] } {
  const payload = JSON.stringify({
    critical: {
      identity: { 'docker-reference': '' },
      image: { 'docker-manifest-digest': about },
      type: 'cosign container image signature',
    },
    optional: null,
  });
  const signature = sign('sha256', Buffer.from(payload), by.privateKey).toString('base64');
  const layer = add(blobs, payload);
  const config = add(blobs, '{}');
  const root = add(
    blobs,
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [
        {
          mediaType: SIMPLE_SIGNING,
          ...layer,
          annotations: { 'dev.cosignproject.cosign/signature': signature },
        },
      ],
    }),
  );
  return { root, blobs: [root, layer, config] };
}

/** Checks what `signatureImage` makes with nothing but node:crypto; meets no demand for an identity. */
export function testUpstreamVerifier(): UpstreamVerifier {
  return {
    verify(subject, material, demand) {
      if (material.length === 0) throw refused('SIGNATURE_MISSING', 'there is no signature');
      if (demand.by !== 'cosign-key') throw refused('KEY_UNKNOWN', 'nobody proves an identity here');
      const key = createPublicKey(demand.pem);
      const about = material.filter(
        (one) => one.form === 'simple-signing' && Buffer.from(one.payload).includes(`"${subject}"`),
      );
      if (about.length === 0) throw refused('SIGNATURE_INVALID', 'it signs another digest');
      const right = about.some(
        (one) =>
          one.form === 'simple-signing' &&
          verify('sha256', one.payload, key, Buffer.from(one.signature, 'base64')),
      );
      if (!right) throw refused('KEY_UNKNOWN', `${demand.name} did not make it`);
      return { by: 'cosign-key', key: digest(key.export({ type: 'spki', format: 'der' })) };
    },
  };
}

function refused(
  code: 'SIGNATURE_MISSING' | 'SIGNATURE_INVALID' | 'KEY_UNKNOWN',
  message: string,
): GapferryError {
  return new GapferryError({ code, message });
}
