import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  MANIFEST_LIMITS,
  type OciContent,
  parseManifestLinks,
  type Run,
  type SizedDigest,
  uniqueByDigest,
} from '@gapferry/core';
import { readManifest } from './read-manifest.ts';
import type { RegistryPlace } from './registry-place.ts';

/** A digest of which only the size is known is looked for among the blobs; what is not there and no larger than this, among the manifests as well. */
const SMALL = 256 << 10;

/** Asks the registry for everything that a content load consists of: every manifest is read and hashed, every blob is asked for by HEAD. What is missing, sorted by digest.
 *  A referrer that is there and not listed among those of its subject counts as missing. Throws `DIGEST_MISMATCH` when the registry serves other bytes than it should. */
export async function lookAtContent(
  place: RegistryPlace,
  load: OciContent,
  run: Run,
): Promise<readonly SizedDigest[]> {
  const walk: Walk = {
    place,
    repository: place.repositoryOf(load.repository),
    load,
    wanted: new Set(load.blobs.map(({ digest }) => digest)),
    seen: new Set(),
    missing: [],
    run,
  };
  const attached = (load.attachments ?? []).map(({ root }) => root);
  await Promise.all(uniqueByDigest([load.root, ...attached]).map((root) => visit(walk, root)));
  const unseen = load.blobs.filter(({ digest }) => !walk.seen.has(digest));
  await Promise.all(unseen.map((blob) => lookForEither(walk, blob)));
  await lookAtReferrers(walk);
  return uniqueByDigest(walk.missing);
}

interface Walk {
  readonly place: RegistryPlace;
  readonly repository: string;
  readonly load: OciContent;
  readonly wanted: ReadonlySet<Digest>;
  readonly seen: Set<Digest>;
  readonly missing: SizedDigest[];
  readonly run: Run;
}

async function visit(walk: Walk, part: Descriptor): Promise<void> {
  if (walk.seen.has(part.digest)) return;
  walk.seen.add(part.digest);
  if (!hasLinks(part.mediaType)) return await lookForBlob(walk, part);
  const links = await readLinks(walk, part);
  if (links === undefined) walk.missing.push(part);
  else await Promise.all(links.map((link) => visit(walk, link)));
}

/** Undefined where the manifest is not there. Of what a registry need not have, only what the release brings counts. */
async function readLinks(
  { place, repository, load, wanted, run }: Walk,
  part: Descriptor,
): Promise<readonly Descriptor[] | undefined> {
  const what = `manifest ${part.digest} of ${load.item}`;
  if (part.size > MANIFEST_LIMITS.maxBytes)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${part.size} bytes`,
      origin: 'target',
    });
  const bytes = await place.ask(() => readManifest(place, repository, part, run));
  if (bytes === undefined) return undefined;
  const { links } = parseManifestLinks(bytes, part.mediaType, what);
  return links.filter(({ required, digest }) => required || wanted.has(digest));
}

async function lookForBlob(walk: Walk, { digest, size }: SizedDigest): Promise<void> {
  if (await hasBlob(walk, { digest, size })) return;
  walk.missing.push({ digest, size });
}

async function hasBlob({ place, repository, run }: Walk, blob: SizedDigest): Promise<boolean> {
  const there = await place.ask(() => place.registry.hasBlob(repository, blob, run));
  if (there) place.lanes.holds(repository, blob.digest);
  return there;
}

async function lookForEither(walk: Walk, blob: SizedDigest): Promise<void> {
  const { place, repository, run } = walk;
  if (await hasBlob(walk, blob)) return;
  const isManifest =
    blob.size <= SMALL &&
    (await place.ask(() => place.registry.manifest(repository, blob.digest, run))) !== undefined;
  if (!isManifest) walk.missing.push(blob);
}

async function lookAtReferrers({ place, repository, load, missing, run }: Walk): Promise<void> {
  const absent = new Set(missing.map(({ digest }) => digest));
  const untagged = (load.attachments ?? []).filter(
    ({ tag, root }) => tag === undefined && !absent.has(root.digest),
  );
  await Promise.all(
    [...Map.groupBy(untagged, ({ subject }) => subject)].map(async ([subject, attachments]) => {
      const listed = await place.ask(() => place.registry.referrers(repository, subject, run));
      const digests = new Set(listed.map(({ digest }) => digest));
      missing.push(...attachments.map(({ root }) => root).filter(({ digest }) => !digests.has(digest)));
    }),
  );
}
