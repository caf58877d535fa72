import { describe, expect, it } from 'vitest';
import { attachmentWords, isWantedAttachment } from './attachment-words.ts';

const PREDICATE = 'dev.sigstore.bundle.predicateType';
const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const tag = (kind: string) => `sha256-${'a'.repeat(64)}.${kind}`;

describe('the words for an attachment', () => {
  it.each([
    [{ tag: tag('sig') }, ['signature']],
    [{ tag: tag('att') }, ['attestation']],
    [{ tag: tag('sbom') }, ['sbom']],
    [{ artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' }, ['signature']],
    [{ artifactType: 'application/vnd.cncf.notary.signature' }, ['signature']],
    [{ artifactType: 'application/vnd.in-toto+json' }, ['attestation']],
    [{ artifactType: 'application/vnd.in-toto.provenance+dsse' }, ['attestation']],
    [{ artifactType: 'application/vnd.dsse.envelope.v1+json' }, ['attestation']],
    [{ artifactType: 'application/spdx+json' }, ['sbom']],
    [{ artifactType: 'text/spdx' }, ['sbom']],
    [{ artifactType: 'application/vnd.cyclonedx+json' }, ['sbom']],
    [{ artifactType: 'application/vnd.syft+json' }, ['sbom']],
    [{ artifactType: bundle }, ['attestation', 'signature']],
    [
      { artifactType: bundle, annotations: { [PREDICATE]: 'https://sigstore.dev/cosign/sign/v1' } },
      ['signature'],
    ],
    [
      { artifactType: bundle, annotations: { [PREDICATE]: 'https://slsa.dev/provenance/v1' } },
      ['attestation'],
    ],
    [
      { artifactType: bundle, annotations: { [PREDICATE]: 'https://spdx.dev/Document' } },
      ['attestation', 'sbom'],
    ],
    [{ artifactType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' }, ['attestation', 'signature']],
    [{ artifactType: 'application/vnd.example.signature' }, []],
    [{}, []],
  ])('%j are %j', (facts, words) => {
    expect(attachmentWords(facts)).toEqual(words);
  });

  it('and its artifact type are what a choice may name', () => {
    const sbom = {
      artifactType: 'application/spdx+json',
      words: attachmentWords({ artifactType: 'application/spdx+json' }),
    };
    const wanted = (types: string[] | undefined) => isWantedAttachment(types && { types }, sbom);
    expect([undefined, ['sbom'], ['application/spdx+json'], ['signature'], []].map(wanted)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
