import { isInterruption, type Run, type SizedDigest } from '@gapferry/core';
import { type PushPlace, pushPlace } from './push-place.ts';
import { hasTargetBlob } from './target-look.ts';
import type { MountFrom } from './upload-session.ts';

/** Repositories that are asked before the blob is rather sent. */
const MOST_ASKED = 3;

/** The repository to mount a blob from: the only candidate, or the first of several that says it has the blob. Asking leaves nothing at the registry; a mount that fails opens a session. */
export async function mountSource(
  place: PushPlace,
  blob: SizedDigest,
  candidates: readonly string[],
  run: Run,
): Promise<MountFrom | undefined> {
  const registry = place.repository.slice(0, place.repository.indexOf('/') + 1);
  const others = candidates.filter((name) => name.startsWith(registry) && name !== place.repository);
  const [only] = others;
  if (only !== undefined && others.length === 1) return { path: only.slice(registry.length) };
  for (const name of others.slice(0, MOST_ASKED))
    if (await mayHave(place, name, blob, run)) return { path: name.slice(registry.length) };
  return undefined;
}

/** Who may not look there can't mount from there either. */
async function mayHave(place: PushPlace, name: string, blob: SizedDigest, run: Run): Promise<boolean> {
  try {
    return await hasTargetBlob(await pushPlace(place.http, name, run), blob, run);
  } catch (error) {
    if (isInterruption(error)) throw error;
    return false;
  }
}
