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

/** Attachments in an order in which each comes after what it is about, otherwise as they stand; and apart those of which none can: they are about each other, or about one that is.
 *  Linear in their number. */
export function attachmentsInOrder(attachments: readonly Attachment[]): {
  readonly ordered: readonly Attachment[];
  readonly circular: readonly Attachment[];
} {
  const bySubject = Map.groupBy(attachments, ({ subject }) => subject);
  const byRoot = Map.groupBy(attachments, ({ root }) => root.digest);
  const waiting = new Map([...byRoot].map(([digest, own]) => [digest, own.length]));
  const ordered = attachments.filter(({ subject }) => !byRoot.has(subject));
  // Grows while it is read: what stands in it frees what is about it.
  for (const { root } of ordered) {
    const left = (waiting.get(root.digest) ?? 0) - 1;
    waiting.set(root.digest, left);
    if (left === 0) for (const next of bySubject.get(root.digest) ?? []) ordered.push(next);
  }
  const done = new Set(ordered);
  return { ordered, circular: attachments.filter((one) => !done.has(one)) };
}

/** Which attachments travel with an image: all where there is no choice, none where `types` is empty. */
export interface AttachmentChoice {
  /** Artifact types (media types), or one of the words `signature`, `attestation`, `sbom` for what cosign's tags hold. Sorted. */
  readonly types: readonly string[];
}
