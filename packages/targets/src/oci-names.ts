import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  type LoadOutcome,
  MANIFEST_LIMITS,
  type NameState,
  type OciTag,
  type Presence,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';
import type { EmbeddedStore } from './embedded-store.ts';
import { ociName } from './map-item.ts';
import { isSame, requireReplaceable, toPresence } from './name-state.ts';

const SAME: LoadOutcome = { state: 'same', bytes: 0 };
const LOADED: LoadOutcome = { state: 'loaded', bytes: 0 };

export async function inspectTag(store: EmbeddedStore, tag: OciTag): Promise<Presence> {
  return toPresence(stateOf(await namedRoots(store), tag), wantedOf(tag));
}

/** Sets many names with one write of the index, after every one of them was judged and everything that their roots name was seen. */
export async function loadTags(
  store: EmbeddedStore,
  tags: readonly OciTag[],
  target: string,
  run: Run,
): Promise<LoadOutcome[]> {
  const now = await namedRoots(store);
  for (const tag of tags) requireReplaceable(tag, stateOf(now, tag), wantedOf(tag), target);
  const wanting = tags.filter((tag) => !isSame(stateOf(now, tag), wantedOf(tag)));
  const seen = new Set<Digest>();
  for (const tag of wanting) await requireComplete(store, tag, tag.root, seen, run);
  if (wanting.length > 0)
    await store.nameItems(
      wanting.map((tag) => ({ name: ociName(tag), root: tag.root })),
      run,
    );
  return tags.map((tag) => (wanting.includes(tag) ? LOADED : SAME));
}

async function namedRoots(store: EmbeddedStore): Promise<ReadonlyMap<string, Digest>> {
  return new Map((await store.names()).map(({ name, root }) => [name, root.digest]));
}

function stateOf(now: ReadonlyMap<string, Digest>, tag: OciTag): NameState {
  const digest = now.get(ociName(tag));
  return digest === undefined ? {} : { digest };
}

function wantedOf(tag: OciTag): NameState {
  return { digest: tag.root.digest };
}

/** A name must not appear before what it needs: looks at presence of everything that can be reached, reads only manifests. */
async function requireComplete(
  store: EmbeddedStore,
  tag: OciTag,
  part: Descriptor,
  seen: Set<Digest>,
  run: Run,
): Promise<void> {
  if (seen.has(part.digest)) return;
  seen.add(part.digest);
  if (!(await store.has(part, run))) throw incomplete(tag, part.digest);
  if (!hasLinks(part.mediaType)) return;
  const what = `manifest ${part.digest} of ${tag.item}`;
  if (part.size > MANIFEST_LIMITS.maxBytes)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${part.size} bytes`,
      origin: 'target',
    });
  const bytes = await readVerified(part, store.open(part, run), { origin: 'target' });
  for (const link of parseManifestLinks(bytes, part.mediaType, what).links)
    if (link.required) await requireComplete(store, tag, link, seen, run);
}

function incomplete(tag: OciTag, digest: Digest): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${tag.item} cannot get its name yet: ${digest} is not at the target`,
    hint: 'content is loaded before names; run the import again',
    origin: 'target',
    data: { item: tag.item, digest },
  });
}
