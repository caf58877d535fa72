import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** An artifact that belongs to another one: a signature, an SBOM, an attestation. Found by the OCI referrers API or its fallback tag (distribution-spec, listing referrers), or by
 *  cosign's tags `sha256-<hex>.sig`, `.att`, `.sbom` (sigstore/cosign, specs/SIGNATURE_SPEC.md). */
export interface Attachment {
  /** The manifest it is about: one of the item's, or another attachment's root. */
  readonly subject: Digest;
  readonly root: Descriptor;
  /** `artifactType` of its manifest, or the media type of its config. */
  readonly artifactType?: string;
  /** The tag under which it is found; absent where its own manifest names its subject. */
  readonly tag?: string;
}

/** The order in which lists of attachments are written: by subject, then root, then tag. */
export function byAttachment(a: Attachment, b: Attachment): number {
  const [one, other] = [keyOf(a), keyOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function keyOf({ subject, root, tag }: Attachment): string {
  return `${subject} ${root.digest} ${tag ?? ''}`;
}

/** Which attachments travel with an image: all where there is no choice, none where `types` is empty. */
export interface AttachmentChoice {
  /** Artifact types (media types), or one of the words `signature`, `attestation`, `sbom` for what cosign's tags hold. Sorted. */
  readonly types: readonly string[];
}
