import {
  type Load,
  type NameLoad,
  type Obstacle,
  type OciContent,
  type OciTag,
  type Permission,
  type Presence,
  quietRun,
  type Run,
  type RunEvent,
} from '@gapferry/core';
import { makeImage, memoryMedium, type TestImage } from '@gapferry/core/testing';
import type { RegistryHostTarget } from '@gapferry/targets';

/** An image of an upstream repository, with everything that brings it to a target. */
export interface UpstreamImage extends TestImage {
  readonly loads: readonly [OciContent, OciTag];
}

/** `repository`: host/path. The same seed makes the same bytes. */
export function imageOf(repository: string, seed: string = repository, tag = '1.0'): UpstreamImage {
  const image = makeImage(seed, tag);
  const item = `${repository}:${tag}`;
  const content = { ...image.content, repository, item };
  const name = { ...image.tag, repository, item };
  return { ...image, content, tag: name, loads: [content, name] };
}

export interface Surveyed {
  readonly presences: readonly Presence[];
  readonly permissions: readonly Permission[];
  readonly obstacles: readonly Obstacle[];
  /** What was warned of. */
  readonly warnings: readonly string[];
}

/** Asks as the importer does: what is there, and of what would change what is allowed and what stands in the way. */
export async function surveyHost(
  target: RegistryHostTarget,
  images: readonly UpstreamImage[],
): Promise<Surveyed> {
  const warnings: string[] = [];
  const run: Run = {
    signal: new AbortController().signal,
    emit: (event: RunEvent) => void (event.kind === 'warning' && warnings.push(event.message)),
  };
  const loads = images.flatMap((image) => image.loads);
  await target.preflight(loads, run);
  const presences = await Promise.all(loads.map((load) => target.inspect(load, run)));
  const wanted: Load[] = loads.filter((_, i) => presences[i]?.state !== 'same');
  if (wanted.length === 0) return { presences, permissions: [], obstacles: [], warnings };
  const permissions = await target.permissions(wanted, run);
  return { presences, permissions, obstacles: await target.obstacles(wanted, run), warnings };
}

/** Content first, read back, then names. */
export async function loadInto(
  target: RegistryHostTarget,
  images: readonly UpstreamImage[],
  run: Run = quietRun(),
): Promise<void> {
  const medium = memoryMedium(images.flatMap(({ parts }) => parts));
  for (const { content } of images) await target.load(content, medium, run);
  for (const { content } of images) await target.readBack(content, run);
  for (const { tag } of images) await target.load(await replacing(target, tag, run), medium, run);
}

async function replacing(target: RegistryHostTarget, tag: NameLoad, run: Run): Promise<NameLoad> {
  const presence = await target.inspect(tag, run);
  return presence.state === 'different' ? { ...tag, replaces: presence.there } : tag;
}
