import type { AttachmentChoice } from '@gapferry/core';

/** What an attachment is, in the words that bundle.yaml may use instead of artifact types. */
export type AttachmentWord = 'signature' | 'attestation' | 'sbom';

/** What is known of an attachment when its kind is judged. */
export interface AttachmentFacts {
  readonly artifactType?: string;
  readonly tag?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const BY_TAG: ReadonlyArray<readonly [RegExp, AttachmentWord]> = [
  [/\.sig$/, 'signature'],
  [/\.att$/, 'attestation'],
  [/\.sbom$/, 'sbom'],
];

/** cosign, Notary Project, in-toto, SPDX, CycloneDX, Syft. */
const BY_TYPE: ReadonlyArray<readonly [RegExp, AttachmentWord]> = [
  [/^application\/vnd\.dev\.cosign\.(?:artifact\.sig|simplesigning)\./, 'signature'],
  [/^application\/vnd\.cncf\.notary\.(?:v2\.)?signature$/, 'signature'],
  [/^application\/vnd\.dev\.cosign\.artifact\.att\./, 'attestation'],
  [/^application\/vnd\.in-toto(?:[.+]|$)/, 'attestation'],
  [/^application\/vnd\.dsse\.envelope\./, 'attestation'],
  [/^application\/vnd\.docker\.attestation\./, 'attestation'],
  [/^application\/vnd\.dev\.cosign\.artifact\.sbom\./, 'sbom'],
  [/^(?:application|text)\/(?:vnd\.)?spdx(?:[.+]|$)/, 'sbom'],
  [/^application\/vnd\.cyclonedx(?:[.+]|$)/, 'sbom'],
  [/^application\/vnd\.syft(?:[.+]|$)/, 'sbom'],
];

const SIGSTORE_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:[.+;]|$)/;
const PREDICATE = 'dev.sigstore.bundle.predicateType';
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** The words that cover an attachment, sorted: by cosign's tag `sha256-….sig`, `.att`, `.sbom`, and by its artifact type.
 *  A Sigstore bundle holds a signature or an attestation; where its annotation does not say which, both words cover it. */
export function attachmentWords({
  artifactType = '',
  tag = '',
  annotations,
}: AttachmentFacts): AttachmentWord[] {
  const words = [
    ...BY_TAG.filter(([pattern]) => pattern.test(tag)),
    ...BY_TYPE.filter(([pattern]) => pattern.test(artifactType)),
  ].map(([, word]) => word);
  if (SIGSTORE_BUNDLE.test(artifactType)) words.push(...bundleWords(annotations?.[PREDICATE]));
  return [...new Set(words)].sort();
}

function bundleWords(predicate: string | undefined): readonly AttachmentWord[] {
  if (predicate === undefined) return ['attestation', 'signature'];
  if (predicate === SIGN_PREDICATE) return ['signature'];
  return /spdx|cyclonedx/i.test(predicate) ? ['attestation', 'sbom'] : ['attestation'];
}

/** Does the choice take it? Without a choice everything is taken. */
export function isWantedAttachment(
  choice: AttachmentChoice | undefined,
  { artifactType, words }: { readonly artifactType?: string; readonly words: readonly AttachmentWord[] },
): boolean {
  if (choice === undefined) return true;
  return choice.types.some((type) => type === artifactType || words.some((word) => word === type));
}
