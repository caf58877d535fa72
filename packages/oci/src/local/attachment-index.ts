import {
  type Descriptor,
  type Digest,
  digestFromHex,
  hasLinks,
  isIndexType,
  type ManifestLinks,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import type { FoundAttachment } from '../attachments/find-attachments.ts';
import { toFound } from '../attachments/look-up-at-registry.ts';
import type { LocalEntry, LocalPlace } from './local-place.ts';
import { readManifest } from './read-manifest.ts';

/** What belongs to what in a place. */
export interface AttachmentIndex {
  about(subject: Digest): readonly FoundAttachment[];
  /** Does the entry belong to another image? */
  isAttachment(entry: LocalEntry): boolean;
}

/** Signatures and the like as cosign names them, and the tag under which registries without the referrers API list what belongs to a manifest. */
const COSIGN_TAG = /(?:^|:)(sha256-([0-9a-f]{64})\.(?:sig|att|sbom))$/;
const REFERRERS_TAG = /(?:^|:)sha256-([0-9a-f]{64})$/;

/** Reads every manifest that the place lists: those that name a subject (OCI image-spec, manifest.md, `subject`), those under cosign's tags, and those in an index under a fallback tag
 *  (distribution-spec, referrers tag schema). Throws as `readManifest`: what cannot be read might have been a signature. */
export async function indexAttachments(place: LocalPlace, run: Run): Promise<AttachmentIndex> {
  const found = new Map<string, FoundAttachment>();
  const attached = new Set<LocalEntry>();
  for (const entry of place.entries.filter(({ digest }) => digest !== undefined)) {
    const attachments = await attachmentsUnder(place, entry, run);
    if (attachments === undefined) continue;
    attached.add(entry);
    for (const one of attachments) {
      const name = `${one.subject} ${one.root.digest}`;
      // What is found in two ways is one, and keeps its tag.
      if (found.get(name)?.tag === undefined) found.set(name, one);
    }
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
): Promise<readonly FoundAttachment[] | undefined> {
  const root = await entry.root(run);
  // Something else than an image: nothing that can be read, and nothing that can be chosen.
  if (!hasLinks(root.mediaType)) return [];
  const manifest = await readLinks(place, root, run);
  for (const name of entry.names) {
    const [, tag, hex] = COSIGN_TAG.exec(name) ?? [];
    if (tag !== undefined && hex !== undefined) return [toFound(digestFromHex(hex), root, manifest, tag)];
    if (isIndexType(root.mediaType) && REFERRERS_TAG.test(name))
      return referrersOf(place, manifest.links, run);
  }
  return manifest.subject && [toFound(manifest.subject.digest, root, manifest)];
}

async function referrersOf(
  place: LocalPlace,
  roots: readonly Descriptor[],
  run: Run,
): Promise<FoundAttachment[]> {
  const found: FoundAttachment[] = [];
  for (const { mediaType, digest, size } of roots) {
    const root = { mediaType, digest, size };
    const manifest = await readLinks(place, root, run);
    if (manifest.subject) found.push(toFound(manifest.subject.digest, root, manifest));
  }
  return found;
}

async function readLinks(place: LocalPlace, root: Descriptor, run: Run): Promise<ManifestLinks> {
  const bytes = await readManifest(place, root, run);
  return parseManifestLinks(bytes, root.mediaType, `${root.digest} in ${place.what}`);
}
