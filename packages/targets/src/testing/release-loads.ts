import {
  type Attachment,
  canonicalBytes,
  type Descriptor,
  digestOf,
  MEDIA_TYPES,
  type OciContent,
  type OciTag,
  type SizedDigest,
} from '@gapferry/core';
import { makeImage } from '@gapferry/core/testing';

/** A made-up image of a repository with the loads that bring it to a target. */
export interface ReleaseImage {
  readonly content: OciContent;
  /** The image's tag, then those of attachments. */
  readonly names: readonly OciTag[];
  readonly parts: readonly Uint8Array[];
  /** A layer that every image has. */
  readonly shared: SizedDigest;
}

/** `signed`: with a signature under a tag, an SBOM that names its subject, and a signature of the SBOM. */
export function releaseImage(
  repository: string,
  tag = '1.0',
  { seed = repository, signed = false }: { readonly seed?: string; readonly signed?: boolean } = {},
): ReleaseImage {
  const { content, parts, shared } = makeImage(seed, tag);
  const base = { item: `image ${repository}:${tag}`, repository, root: content.root };
  const name: OciTag = { phase: 'name', kind: 'oci', of: 'image', ...base, tag };
  if (!signed) return { content: { ...content, ...base }, names: [name], parts, shared };
  const made = attachmentsOf(content.root);
  const attachedParts = made.flatMap((one) => one.parts);
  const attachments = made.map((one) => one.attachment);
  return {
    content: {
      ...content,
      ...base,
      blobs: [...content.blobs, ...attachedParts.map(sizedOf)],
      attachments,
    },
    names: [name, ...attachments.flatMap((attachment) => nameOf(base, attachment))],
    parts: [...parts, ...attachedParts],
    shared,
  };
}

/** What is said in one survey. */
export function loadsOf(images: readonly ReleaseImage[]): Array<OciContent | OciTag> {
  return images.flatMap(({ content, names }) => [content, ...names]);
}

interface MadeAttachment {
  readonly attachment: Attachment;
  readonly parts: readonly Uint8Array[];
}

/** Listed in an order in which no registry could take them: the one about the SBOM first. */
function attachmentsOf(image: Descriptor): MadeAttachment[] {
  const sbom = makeAttachment(image, 'application/spdx+json', false);
  const tag = `${image.digest.replace(':', '-')}.sig`;
  return [
    makeAttachment(sbom.attachment.root, 'application/vnd.example.signature', false),
    { ...sbom },
    makeAttachment(image, 'application/vnd.dev.cosign.simplesigning.v1+json', tag),
  ];
}

function makeAttachment(subject: Descriptor, artifactType: string, tag: string | false): MadeAttachment {
  const blob = canonicalBytes({ about: subject.digest, artifactType });
  const config = canonicalBytes({});
  const manifest = canonicalBytes({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: { mediaType: MEDIA_TYPES.ociEmpty, ...sizedOf(config) },
    layers: [{ mediaType: artifactType, ...sizedOf(blob) }],
    ...(tag === false && { subject: { ...subject } }),
  });
  return {
    attachment: {
      subject: subject.digest,
      root: { mediaType: MEDIA_TYPES.ociManifest, ...sizedOf(manifest) },
      artifactType,
      ...(tag !== false && { tag }),
    },
    parts: [blob, config, manifest],
  };
}

function nameOf(base: Pick<OciTag, 'item' | 'repository'>, { tag, root }: Attachment): OciTag[] {
  return tag === undefined ? [] : [{ phase: 'name', kind: 'oci', of: 'attachment', ...base, root, tag }];
}

function sizedOf(bytes: Uint8Array): SizedDigest {
  return { digest: digestOf(bytes), size: bytes.byteLength };
}
