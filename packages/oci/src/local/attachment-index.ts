import {
  type Attachment,
  type Descriptor,
  type Digest,
  digestFromHex,
  hasLinks,
  isIndexType,
  type ManifestLinks,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import type { LocalEntry, LocalPlace } from './local-place.ts';
import { readManifest } from './read-manifest.ts';

/** What belongs to what in a place. */
export interface AttachmentIndex {
  about(subject: Digest): readonly Attachment[];
  /** Does the entry belong to another image? */
  isAttachment(entry: LocalEntry): boolean;
}

/** Signatures and the like as cosign names them, and the tag under which registries without the referrers API list what belongs to a manifest. */
const COSIGN_TAG = /(?:^|:)(sha256-([0-9a-f]{64})\.(?:sig|att|sbom))$/;
const REFERRERS_TAG = /(?:^|:)sha256-([0-9a-f]{64})$/;

/** Reads every manifest that the place lists: those that name a subject (OCI image-spec, manifest.md, `subject`), those under cosign's tags, and those in an index under a fallback tag
 *  (distribution-spec, referrers tag schema). Throws as `readManifest`: what cannot be read might have been a signature. */
export async function indexAttachments(place: LocalPlace, run: Run): Promise<AttachmentIndex> {
  const found = new Map<string, Attachment>();
  const attached = new Set<LocalEntry>();
  for (const entry of place.entries.filter(({ digest }) => digest !== undefined)) {
    const attachments = await attachmentsUnder(place, entry, run);
    if (attachments === undefined) continue;
    attached.add(entry);
    for (const one of attachments) found.set(`${one.subject} ${one.root.digest} ${one.tag ?? ''}`, one);
  }
  const bySubject = Map.groupBy(found.values(), ({ subject }) => subject);
  return {
    about: (subject) => bySubject.get(subject) ?? [],
    isAttachment: (entry) => attached.has(entry),
  };
}

/** Undefined for an image of its own. */
async function attachmentsUnder(
  place: LocalPlace,
  entry: LocalEntry,
  run: Run,
): Promise<readonly Attachment[] | undefined> {
  const root = await entry.root(run);
  // Something else than an image: nothing that can be read, and nothing that can be chosen.
  if (!hasLinks(root.mediaType)) return [];
  const manifest = await readLinks(place, root, run);
  for (const name of entry.names) {
    const [, tag, hex] = COSIGN_TAG.exec(name) ?? [];
    if (tag !== undefined && hex !== undefined)
      return [toAttachment(digestFromHex(hex), root, manifest, tag)];
    if (isIndexType(root.mediaType) && REFERRERS_TAG.test(name))
      return referrersOf(place, manifest.links, run);
  }
  return manifest.subject && [toAttachment(manifest.subject.digest, root, manifest)];
}

async function referrersOf(place: LocalPlace, roots: readonly Descriptor[], run: Run): Promise<Attachment[]> {
  const found: Attachment[] = [];
  for (const { mediaType, digest, size } of roots) {
    const root = { mediaType, digest, size };
    const manifest = await readLinks(place, root, run);
    if (manifest.subject) found.push(toAttachment(manifest.subject.digest, root, manifest));
  }
  return found;
}

async function readLinks(place: LocalPlace, root: Descriptor, run: Run): Promise<ManifestLinks> {
  const bytes = await readManifest(place, root, run);
  return parseManifestLinks(bytes, root.mediaType, `${root.digest} in ${place.what}`);
}

function toAttachment(
  subject: Digest,
  root: Descriptor,
  { artifactType }: ManifestLinks,
  tag?: string,
): Attachment {
  return {
    subject,
    root,
    ...(artifactType !== undefined && { artifactType }),
    ...(tag !== undefined && { tag }),
  };
}
