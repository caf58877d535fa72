import {
  type Descriptor,
  GapferryError,
  type LoadOutcome,
  type NameState,
  type OciTag,
  type Presence,
  type Run,
} from '@gapferry/core';
import { requireReplaceable, toPresence } from '../name-state.ts';
import { readManifest } from './read-manifest.ts';
import type { RegistryPlace } from './registry-place.ts';

/** A tag is asked for once in a survey, also when content asked for it before. */
export async function inspectTag(place: RegistryPlace, tag: OciTag, run: Run): Promise<Presence> {
  const repository = place.repositoryOf(tag.repository);
  const there = await place.ask(() => place.memory.head(repository, referenceOf(tag), run));
  return toPresence(stateOf(there), wantedOf(tag));
}

/** Looks at the tag right before it is set: nothing is sent where it stands already (registries with immutable tags refuse even that), and nothing but what the plan saw is replaced.
 *  Throws `TARGET_CONFLICT`, and `BLOB_MISSING` when the content is not there. */
export async function setTag(place: RegistryPlace, tag: OciTag, run: Run): Promise<LoadOutcome> {
  const { registry, memory, target } = place;
  const repository = place.repositoryOf(tag.repository);
  const there = await registry.manifest(repository, referenceOf(tag), run);
  requireReplaceable(tag, stateOf(there), wantedOf(tag), target);
  if (there?.digest === tag.root.digest) return { state: 'same', bytes: 0 };
  const bytes = tag.tag === undefined ? undefined : await readManifest(place, repository, tag.root, run);
  if (tag.tag === undefined || bytes === undefined) throw incomplete(tag, target);
  const options = { item: tag.item, ...(there !== undefined && { replaces: there.digest }) };
  await registry.pushManifest(repository, tag.tag, tag.root, bytes, options, run);
  memory.changed(repository, tag.tag, tag.root);
  return { state: 'loaded', bytes: tag.root.size };
}

/** What is only pinned by its digest has no other name. */
function referenceOf({ tag, root }: OciTag): string {
  return tag ?? root.digest;
}

function stateOf(there: Descriptor | undefined): NameState {
  return there === undefined ? {} : { digest: there.digest };
}

function wantedOf(tag: OciTag): NameState {
  return { digest: tag.root.digest };
}

function incomplete({ item, root }: OciTag, target: string): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${item} cannot get its name yet: ${root.digest} is not at the target ${target}`,
    hint: 'content is loaded before names; run the import again',
    origin: 'target',
    data: { item, digest: root.digest, target },
  });
}
