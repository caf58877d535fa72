import {
  type Descriptor,
  type Digest,
  hasLinks,
  inLanes,
  isGapferryError,
  isIndexType,
  type ManifestLinks,
  type PruneManifest,
  type PruneNames,
  type PruneOutcome,
  type PruneRequest,
  type PruneStep,
  parseManifestLinks,
  type Run,
} from '@gapferry/core';
import { isListTag, listedOwn, type StandingTag, subjectOfList, toReferrerLists } from './referrer-lists.ts';
import type { PruningLook, ReferrerList, RegistryPlace } from './registry-place.ts';

/** Repositories looked into at a time. */
const REPOSITORIES = 4;

/** Manifests of releases that go, parents before children, what is attached to one after it: each that stands there, is not needed by what stays, and at which nobody else's tag stands. */
export async function prunableManifests(
  place: RegistryPlace,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  place.pruning.clear();
  const repositories = [
    ...new Set(request.manifests.map(({ repository }) => place.repositoryOf(repository))),
  ];
  const steps = await inLanes(
    repositories,
    REPOSITORIES,
    async (repository, inner) => {
      const { steps, lists } = await lookInto(place, repository, request, inner);
      return [...steps.values(), ...[...lists.values()].map(({ step }) => step)];
    },
    run,
  );
  return steps.flat();
}

/** Removes one of them. Its repository is looked into once more before the first of it goes: hours may lie between the look and the removal. A registry that does not delete, or protects a tag at it, keeps it, and then what it names
 *  and what is attached to it stays as well. */
export async function pruneManifest(
  place: RegistryPlace,
  { place: at, what }: PruneStep,
  request: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const end = at.lastIndexOf(what === 'name' ? ':' : '@');
  const repository = at.slice(0, end);
  const again = place.pruning.get(repository) ?? lookInto(place, repository, request, run);
  place.pruning.set(repository, again);
  const { steps, attached, held, lists } = await again;
  if (what === 'name') return await pruneList(place, repository, lists.get(at.slice(end + 1)), run);
  const digest = at.slice(end + 1) as Digest;
  const now = steps.get(digest);
  if (now === undefined) return { state: 'gone' };
  const why = now.stays ?? held.get(digest);
  if (why !== undefined) return { state: 'stays', why };
  const outcome = await remove(place, repository, digest, run);
  if (outcome.state === 'stays') {
    await hold(place, repository, digest, held, run);
    for (const one of attached.get(digest) ?? []) held.set(one, 'what it is attached to stays');
  }
  return outcome;
}

/** Takes what is gone by now off a list of referrers. */
async function pruneList(
  place: RegistryPlace,
  repository: string,
  list: ReferrerList | undefined,
  run: Run,
): Promise<PruneOutcome> {
  if (list === undefined) return { state: 'gone' };
  if (list.step.stays !== undefined) return { state: 'stays', why: list.step.stays };
  const deleted: Digest[] = [];
  for (const digest of list.own)
    if ((await place.registry.manifest(repository, digest, run)) === undefined) deleted.push(digest);
  if (deleted.length === 0) return { state: 'stays', why: 'what it lists stays' };
  return await orStays(() => place.registry.unlistReferrers(repository, list.subject, deleted, run));
}

/** Names at which nothing stands. */
export async function goneNames(
  place: RegistryPlace,
  { manifests, tags }: PruneNames,
  run: Run,
): Promise<PruneNames> {
  const lacking = async <T extends PruneManifest>(
    names: readonly T[],
    referenceOf: (name: T) => string,
  ): Promise<T[]> => {
    const there = await Promise.all(
      names.map((name) =>
        place.ask(() => place.registry.manifest(place.repositoryOf(name.repository), referenceOf(name), run)),
      ),
    );
    return names.filter((_, i) => there[i] === undefined);
  };
  return {
    manifests: await lacking(manifests, ({ digest }) => digest),
    tags: await lacking(tags, ({ tag }) => tag),
    files: [],
  };
}

async function remove(
  { registry }: RegistryPlace,
  repository: string,
  digest: Digest,
  run: Run,
): Promise<PruneOutcome> {
  return await orStays(() => registry.removeManifest(repository, digest, run));
}

async function orStays(remove: () => Promise<'removed' | 'gone' | 'unsupported'>): Promise<PruneOutcome> {
  try {
    const state = await remove();
    return state === 'unsupported' ? { state: 'stays', why: 'this registry does not delete' } : { state };
  } catch (error) {
    if (isGapferryError(error, 'TARGET_CONFLICT') || isGapferryError(error, 'FORBIDDEN'))
      return { state: 'stays', why: error.message };
    throw error;
  }
}

async function hold(
  place: RegistryPlace,
  repository: string,
  digest: Digest,
  held: Map<Digest, string>,
  run: Run,
): Promise<void> {
  const there = await place.registry.manifest(repository, digest, run);
  if (there === undefined) return;
  for (const link of (await linksOf(place, repository, there, run)).links) {
    held.set(link.digest, 'an index that stays names it');
    if (hasLinks(link.mediaType)) await hold(place, repository, link.digest, held, run);
  }
}

async function lookInto(
  place: RegistryPlace,
  repository: string,
  request: PruneRequest,
  run: Run,
): Promise<PruningLook> {
  const isHere = (one: { readonly repository: string }): boolean =>
    place.repositoryOf(one.repository) === repository;
  const found = new Map<Digest, Found>();
  const gone = new Set<Digest>();
  const gathering = { needed: request.needed, found, gone, counted: new Set<Digest>() };
  for (const one of request.manifests.filter(isHere)) await gather(place, repository, one, gathering, run);
  // Tag → the digest that the channel left there.
  const own = new Map(request.tags.filter(isHere).map(({ tag, digest }) => [tag, digest]));
  const standing = await standingTags(place, repository, { own, found, gone }, run);
  const staying = await heldByTags(place, repository, found, standing, run);
  const whole = [...found].sort(([, one], [, other]) => Number(isAttached(one)) - Number(isAttached(other)));
  return {
    steps: new Map(whole.map(([digest, one]) => [digest, toStep(repository, digest, one, staying)])),
    attached: Map.groupBy(
      [...found].filter(([, one]) => isAttached(one)).map(([digest]) => digest),
      (digest) => found.get(digest)?.subject ?? digest,
    ),
    lists: toReferrerLists(repository, standing, staying),
    held: new Map(),
  };
}

function isAttached({ subject }: Found): boolean {
  return subject !== undefined;
}

function toStep(
  repository: string,
  digest: Digest,
  { bytes }: Found,
  staying: ReadonlyMap<Digest, string>,
): PruneStep {
  const stays = staying.get(digest);
  return {
    place: `${repository}@${digest}`,
    what: 'manifest',
    bytes,
    ...(stays !== undefined && { stays }),
  };
}

/** All tags but those that stand where the channel left them; of lists of referrers what they name. Where nothing is found, lists alone: what broke off may have left them. */
async function standingTags(
  place: RegistryPlace,
  repository: string,
  { own, found, gone }: Pick<Gathering, 'found' | 'gone'> & { readonly own: ReadonlyMap<string, Digest> },
  run: Run,
): Promise<StandingTag[]> {
  if (found.size === 0 && gone.size === 0) return [];
  const all = await place.registry.tags(repository, run);
  const tags = found.size === 0 ? all.filter(isListTag) : all;
  const look = async (tag: string): Promise<StandingTag[]> => {
    const now = await place.ask(() => place.registry.manifest(repository, tag, run));
    if (now === undefined || own.get(tag) === now.digest) return [];
    const subject = subjectOfList(tag, now);
    if (subject === undefined) return [{ tag, now }];
    const { links } = await linksOf(place, repository, now, run);
    return [{ tag, now, list: { subject, size: links.length, own: listedOwn(links, subject, found, gone) } }];
  };
  return (await Promise.all(tags.map(look))).flat();
}

/** Why they stay: those that a tag of somebody else leads to, and what is attached to them. */
async function heldByTags(
  place: RegistryPlace,
  repository: string,
  found: ReadonlyMap<Digest, Found>,
  standing: readonly StandingTag[],
  run: Run,
): Promise<ReadonlyMap<Digest, string>> {
  const staying = new Map<Digest, string>();
  if (found.size === 0) return staying;
  for (const { tag, now, list } of standing) {
    const why = `the tag ${tag} stands at it, which no release that goes set there`;
    for (const digest of await reachedFrom(place, repository, now, run))
      if (found.has(digest) && list?.own.includes(digest) !== true) staying.set(digest, why);
  }
  const withParts = (digest: Digest, why: string): void => {
    if (!found.has(digest) || staying.has(digest)) return;
    staying.set(digest, why);
    for (const part of found.get(digest)?.parts ?? []) withParts(part, why);
  };
  for (let before = -1; before < staying.size; ) {
    before = staying.size;
    for (const [digest, { subject }] of found)
      if (subject !== undefined && staying.has(subject)) withParts(digest, 'what it is attached to stays');
  }
  return staying;
}

interface Found {
  /** Of the manifest and what it names, without what something that stays needs and what was counted with another one. */
  readonly bytes: number;
  /** Manifests that it names. */
  readonly parts: readonly Digest[];
  readonly subject?: Digest;
}

interface Gathering {
  readonly needed: ReadonlySet<Digest>;
  readonly found: Map<Digest, Found>;
  /** What was asked for and is not there. */
  readonly gone: Set<Digest>;
  /** Layers and configs. */
  readonly counted: Set<Digest>;
}

/** What stands there of a manifest and of the children of an index; also of an index that went before, where they are known. */
async function gather(
  place: RegistryPlace,
  repository: string,
  { digest, parts: known = [] }: Pick<PruneManifest, 'digest' | 'parts'>,
  gathering: Gathering,
  run: Run,
): Promise<void> {
  const { needed, found, gone, counted } = gathering;
  if (needed.has(digest) || found.has(digest)) return;
  const there = await place.ask(() => place.registry.manifest(repository, digest, run));
  if (there === undefined) {
    gone.add(digest);
    for (const part of known) await gather(place, repository, { digest: part }, gathering, run);
    return;
  }
  const { links, subject } = await linksOf(place, repository, there, run);
  let bytes = there.size;
  for (const link of links) {
    if (needed.has(link.digest) || counted.has(link.digest) || hasLinks(link.mediaType)) continue;
    counted.add(link.digest);
    bytes += link.size;
  }
  const parts = links.filter(({ mediaType }) => hasLinks(mediaType)).map((link) => link.digest);
  found.set(digest, { bytes, parts, ...(subject !== undefined && { subject: subject.digest }) });
  for (const part of parts) await gather(place, repository, { digest: part }, gathering, run);
}

/** The manifest that a tag stands at and, of an index, everything below it. */
async function reachedFrom(
  place: RegistryPlace,
  repository: string,
  now: Descriptor,
  run: Run,
): Promise<Digest[]> {
  const { links } = await linksOf(place, repository, now, run);
  const reached = [now, ...links].map(({ digest }) => digest);
  // Somebody's index may name what its registry does not have.
  for (const link of links.filter(({ mediaType }) => isIndexType(mediaType)))
    if ((await place.ask(() => place.registry.manifest(repository, link.digest, run))) !== undefined)
      reached.push(...(await reachedFrom(place, repository, link, run)));
  return reached;
}

async function linksOf(
  { registry, ask }: RegistryPlace,
  repository: string,
  manifest: Descriptor,
  run: Run,
): Promise<Pick<ManifestLinks, 'links' | 'subject'>> {
  if (!hasLinks(manifest.mediaType)) return { links: [] };
  const bytes = await ask(() => registry.readManifest(repository, manifest, run));
  return parseManifestLinks(bytes, manifest.mediaType, `${repository}@${manifest.digest}`);
}
