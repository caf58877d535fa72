import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  hexOf,
  isGapferryError,
  isIndexType,
  type ManifestLinks,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import type { OciClient } from '../oci-client.ts';
import { parseReferrers, type Referrer } from '../referrer-pages.ts';
import { type AttachmentWord, attachmentWords } from './attachment-words.ts';
import { type FoundAttachment, type LookUp, MOST_ATTACHMENTS } from './find-attachments.ts';

/** sigstore/cosign, specs/SIGNATURE_SPEC.md. */
const COSIGN_TAGS = ['sig', 'att', 'sbom'] as const;

/** Looks at a registry, everywhere that attachments are found: the referrers API, its fallback tag where the API answers 404 (distribution-spec, referrers tag schema), and cosign's tags.
 *  Each tag is asked for by itself and not looked up in the list of tags: lists leave out what a caching registry has not fetched yet, and a question for the tag makes it look.
 *  `asked` is called for each question. */
export function lookUpAtRegistry(client: OciClient, repository: string, asked: () => void): LookUp {
  const search: Search = { client, repository, asked, listed: { count: 0, bytes: 0 } };
  return async (subject, run) => {
    const [referrers, ...tagged] = await Promise.all([
      referrersOf(search, subject, run),
      ...COSIGN_TAGS.map((kind) => underTag(search, subject, `sha256-${hexOf(subject)}.${kind}`, run)),
    ]);
    return merged([...referrers, ...tagged.flat()]);
  };
}

interface Search {
  readonly client: OciClient;
  readonly repository: string;
  readonly asked: () => void;
  /** What registries named so far, for all subjects together. */
  readonly listed: { count: number; bytes: number };
}

/** Of the manifests of an image's attachments. */
const MOST_BYTES = 64 << 20;

async function referrersOf(search: Search, subject: Digest, run: Run): Promise<FoundAttachment[]> {
  search.asked();
  const listed =
    (await search.client.referrers(search.repository, subject, run)) ??
    (await fallback(search, subject, run));
  requireFew(search, subject, listed);
  const found = await Promise.all(listed.map((referrer) => checkedReferrer(search, subject, referrer, run)));
  return found.filter((attachment) => attachment !== undefined);
}

/** Before any of them is asked for: a list costs nothing to make. */
function requireFew({ repository, listed }: Search, subject: Digest, referrers: readonly Referrer[]): void {
  listed.count += referrers.length;
  listed.bytes += referrers.reduce((sum, { size }) => sum + Math.min(size, MANIFEST_LIMIT), 0);
  if (listed.count <= MOST_ATTACHMENTS && listed.bytes <= MOST_BYTES) return;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `too much belongs to ${repository}@${subject}: more than ${MOST_ATTACHMENTS} attachments, or ${MOST_BYTES} bytes of manifests`,
    hint: 'leave attachments out with `attachments: none` where they are not needed',
    origin: 'source',
  });
}

/** What registries without the API keep instead: an index under a tag named for the digest. */
async function fallback(
  { client, repository, asked }: Search,
  subject: Digest,
  run: Run,
): Promise<readonly Referrer[]> {
  asked();
  const tag = `sha256-${hexOf(subject)}`;
  const index = await client.attached(repository, tag, run);
  if (index === undefined) return [];
  const item = `the referrers of ${repository}@${subject} under its tag ${tag}`;
  if (isIndexType(index.mediaType))
    return parseReferrers(await client.manifest(repository, index, run), item);
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${item} are refused: it is a ${index.mediaType} and no index`,
    hint: 'leave attachments out with `attachments: none` where they are not needed',
    origin: 'source',
  });
}

/** Lists may name anything: only what itself names the subject belongs to it. Of what cannot be read the list's word is taken. */
async function checkedReferrer(
  search: Search,
  subject: Digest,
  { artifactType, ...listed }: Referrer,
  run: Run,
): Promise<FoundAttachment | undefined> {
  if (!hasLinks(listed.mediaType)) return toFound(subject, listed, { ...(artifactType && { artifactType }) });
  const { root, links } = await readListed(search, listed, run);
  if (links.subject?.digest === subject) return toFound(subject, root, links);
  run.emit({
    kind: 'warning',
    message: `${root.digest} is listed as belonging to ${subject} in ${search.repository} and does not say so itself: left out`,
  });
  return undefined;
}

/** Harbor before 2.11 lists the size of all that an attachment consists of (goharbor/harbor#20187), Google's registry another: then what HEAD says of it counts. */
async function readListed(
  search: Search,
  listed: Descriptor,
  run: Run,
): Promise<{ readonly root: Descriptor; readonly links: ManifestLinks }> {
  try {
    return { root: listed, links: await linksOf(search, listed, run) };
  } catch (error) {
    if (!isGapferryError(error, 'SIZE_MISMATCH') && !isGapferryError(error, 'LIMIT_EXCEEDED')) throw error;
    search.asked();
    const root = await search.client.attached(search.repository, listed.digest, run);
    if (root === undefined || root.size === listed.size) throw error;
    return { root, links: await linksOf(search, root, run) };
  }
}

async function underTag(search: Search, subject: Digest, tag: string, run: Run): Promise<FoundAttachment[]> {
  search.asked();
  const root = await search.client.attached(search.repository, tag, run);
  return root === undefined ? [] : [toFound(subject, root, await linksOf(search, root, run), tag)];
}

async function linksOf(
  { client, repository, asked }: Search,
  root: Descriptor,
  run: Run,
): Promise<ManifestLinks> {
  asked();
  const bytes = await client.manifest(repository, root, run);
  return parseManifestLinks(bytes, root.mediaType, `${repository}@${root.digest}`);
}

/** An attachment as its own manifest describes it. */
export function toFound(
  subject: Digest,
  { mediaType, digest, size }: Descriptor,
  { artifactType, annotations }: Pick<ManifestLinks, 'artifactType' | 'annotations'>,
  tag?: string,
): FoundAttachment {
  const type = isArtifactType(artifactType) ? { artifactType } : {};
  return {
    subject,
    root: { mediaType, digest, size },
    ...type,
    ...(tag !== undefined && { tag }),
    words: attachmentWords({
      ...type,
      ...(tag !== undefined && { tag }),
      ...(annotations && { annotations }),
    }),
  };
}

/** What does not fit is nothing that could be chosen or written down. */
function isArtifactType(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(text);
}

/** What the API lists and cosign's tag names is the same, and keeps the tag. */
function merged(all: readonly FoundAttachment[]): FoundAttachment[] {
  const tagged = all.filter(({ tag }) => tag !== undefined);
  const underTags = new Set(tagged.map(({ root }) => root.digest));
  const untagged = all.filter(({ tag, root }) => tag === undefined && !underTags.has(root.digest));
  const once = new Map([...untagged, ...tagged].map((one) => [`${one.root.digest} ${one.tag}`, one]));
  return [...once.values()].map((one) => ({ ...one, words: wordsOf(one, all) }));
}

function wordsOf({ root }: FoundAttachment, all: readonly FoundAttachment[]): readonly AttachmentWord[] {
  const same = all.filter((other) => other.root.digest === root.digest);
  return [...new Set(same.flatMap(({ words }) => words))].sort();
}
