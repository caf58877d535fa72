import { readFileSync } from 'node:fs';
import {
  type Digest,
  digestOf,
  type SigstoreBundleMaterial,
  type SimpleSigningMaterial,
  type UpstreamKeyDemand,
} from '@gapferry/core';

export type FixtureKind = 'p256' | 'p384' | 'rsa' | 'ed25519';

/** What cosign made with one key, as it would be found among an image's attachments; see cosign/README.md. */
export interface CosignFixture {
  readonly subject: Digest;
  readonly manifest: Uint8Array;
  readonly demand: UpstreamKeyDemand;
  readonly simpleSigning: SimpleSigningMaterial;
  readonly sign: SigstoreBundleMaterial;
  readonly attest: SigstoreBundleMaterial;
  readonly signBlob: SigstoreBundleMaterial;
}

interface Written {
  readonly publicKey: string;
  readonly manifest: string;
  readonly simpleSigning: { readonly payload: string; readonly signature: string };
  readonly sign: string;
  readonly attest: string;
  readonly signBlob: string;
}

export function readFixture(kind: FixtureKind): CosignFixture {
  const file = new URL(`./cosign/${kind}.json`, import.meta.url);
  const written = JSON.parse(readFileSync(file, 'utf8')) as Written;
  const manifest = Buffer.from(written.manifest);
  const bundle = (text: string): SigstoreBundleMaterial => ({
    form: 'sigstore-bundle',
    bytes: Buffer.from(text),
    artifact: manifest,
  });
  return {
    subject: digestOf(manifest),
    manifest,
    demand: { by: 'cosign-key', name: `${kind}.pub`, pem: written.publicKey },
    simpleSigning: {
      form: 'simple-signing',
      payload: Buffer.from(written.simpleSigning.payload),
      signature: written.simpleSigning.signature,
    },
    sign: bundle(written.sign),
    attest: bundle(written.attest),
    signBlob: bundle(written.signBlob),
  };
}
