import {
  type Descriptor,
  type Digest,
  hasLinks,
  inLanes,
  isGapferryError,
  type PruneOutcome,
  type PruneRequest,
  type PruneStep,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import type { RegistryPlace } from './registry-place.ts';

/** Repositories looked into at a time. */
const REPOSITORIES = 4;

/** Manifests of releases that go, parents before children: each that stands there, is not needed by what stays, and at which nobody else's tag stands. */
export async function prunableManifests(
  place: RegistryPlace,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  place.held.clear();
  const byRepository = [...Map.groupBy(request.manifests, ({ repository }) => repository)];
  const steps = await inLanes(
    byRepository,
    REPOSITORIES,
    ([repository, manifests], inner) =>
      inRepository(
        place,
        place.repositoryOf(repository),
        manifests.map(({ digest }) => digest),
        ownTags(request, repository),
        request.needed,
        inner,
      ),
    run,
  );
  return steps.flat();
}

/** Removes one of them. A registry that does not delete, or protects a tag at it, keeps it, and then what it names stays as well. */
export async function pruneManifest(
  place: RegistryPlace,
  { place: at }: PruneStep,
  run: Run,
): Promise<PruneOutcome> {
  if (place.held.has(at)) return { state: 'stays', why: 'an index that stays names it' };
  const [repository, digest] = [
    at.slice(0, at.lastIndexOf('@')),
    at.slice(at.lastIndexOf('@') + 1) as Digest,
  ];
  const outcome = await remove(place, repository, digest, run);
  if (outcome.state === 'stays') await hold(place, repository, digest, run);
  return outcome;
}

async function remove(
  { registry }: RegistryPlace,
  repository: string,
  digest: Digest,
  run: Run,
): Promise<PruneOutcome> {
  try {
    const state = await registry.removeManifest(repository, digest, run);
    return state === 'unsupported' ? { state: 'stays', why: 'this registry does not delete' } : { state };
  } catch (error) {
    if (isGapferryError(error, 'TARGET_CONFLICT') || isGapferryError(error, 'FORBIDDEN'))
      return { state: 'stays', why: error.message };
    throw error;
  }
}

async function hold(place: RegistryPlace, repository: string, digest: Digest, run: Run): Promise<void> {
  const there = await place.registry.manifest(repository, digest, run);
  if (there === undefined) return;
  for (const link of await linksOf(place, repository, there, run)) {
    place.held.add(`${repository}@${link.digest}`);
    if (hasLinks(link.mediaType)) await hold(place, repository, link.digest, run);
  }
}

/** Tag → the digest that the channel left there. */
function ownTags({ tags }: PruneRequest, repository: string): ReadonlyMap<string, Digest> {
  return new Map(
    tags.flatMap((one) => (one.repository === repository ? [[one.tag, one.digest] as const] : [])),
  );
}

async function inRepository(
  place: RegistryPlace,
  repository: string,
  roots: readonly Digest[],
  own: ReadonlyMap<string, Digest>,
  needed: ReadonlySet<Digest>,
  run: Run,
): Promise<PruneStep[]> {
  const { registry, ask } = place;
  const found = new Map<Digest, Found>();
  const gathering = { needed, found, counted: new Set<Digest>() };
  for (const digest of new Set(roots)) await gather(place, repository, digest, gathering, run);
  if (found.size === 0) return [];
  const tags = await registry.tags(repository, run);
  const standing = await Promise.all(
    tags.map(async (tag) => ({ tag, now: await ask(() => registry.manifest(repository, tag, run)) })),
  );
  const foreign = new Map<Digest, string>();
  for (const { tag, now } of standing) {
    if (now === undefined || own.get(tag) === now.digest) continue;
    for (const digest of await reachedFrom(place, repository, now, found, run)) foreign.set(digest, tag);
  }
  return [...found].map(([digest, { bytes }]): PruneStep => {
    const tag = foreign.get(digest);
    return {
      place: `${repository}@${digest}`,
      what: 'manifest',
      bytes,
      ...(tag !== undefined && {
        stays: `the tag ${tag} stands at it, which no release that goes set there`,
      }),
    };
  });
}

interface Found {
  /** Of the manifest and what it names, without what something that stays needs and what was counted with another one. */
  readonly bytes: number;
}

interface Gathering {
  readonly needed: ReadonlySet<Digest>;
  readonly found: Map<Digest, Found>;
  /** Layers and configs. */
  readonly counted: Set<Digest>;
}

/** What stands there of a manifest and of the children of an index. */
async function gather(
  place: RegistryPlace,
  repository: string,
  digest: Digest,
  { needed, found, counted }: Gathering,
  run: Run,
): Promise<void> {
  if (needed.has(digest) || found.has(digest)) return;
  const there = await place.ask(() => place.registry.manifest(repository, digest, run));
  if (there === undefined) return;
  const links = await linksOf(place, repository, there, run);
  let bytes = there.size;
  for (const link of links) {
    if (needed.has(link.digest) || counted.has(link.digest) || hasLinks(link.mediaType)) continue;
    counted.add(link.digest);
    bytes += link.size;
  }
  found.set(digest, { bytes });
  for (const link of links)
    if (hasLinks(link.mediaType))
      await gather(place, repository, link.digest, { needed, found, counted }, run);
}

/** Of the manifests that go, those that a tag which stays leads to: itself, or a child of the index that it stands at. */
async function reachedFrom(
  place: RegistryPlace,
  repository: string,
  now: Descriptor,
  found: ReadonlyMap<Digest, Found>,
  run: Run,
): Promise<Digest[]> {
  const children = await linksOf(place, repository, now, run);
  return [now, ...children].map(({ digest }) => digest).filter((digest) => found.has(digest));
}

async function linksOf(
  { registry, ask }: RegistryPlace,
  repository: string,
  manifest: Descriptor,
  run: Run,
): Promise<readonly Descriptor[]> {
  if (!hasLinks(manifest.mediaType)) return [];
  const bytes = await ask(() => registry.readManifest(repository, manifest, run));
  return parseManifestLinks(bytes, manifest.mediaType, `${repository}@${manifest.digest}`).links;
}
