import { type Digest, isGapferryError, type Run } from '@gapferry/core';
import { readTagPages } from '../tag-pages.ts';
import { askTarget, type TargetQuestion } from './ask-target.ts';
import { type PushPlace, pullScope } from './push-place.ts';
import { atTarget } from './target-refusal.ts';
import { withRightToDelete } from './with-right-to-delete.ts';

/** All tags of a repository; none where there is no repository. */
export async function targetTags(place: PushPlace, run: Run): Promise<readonly string[]> {
  const address = { base: place.base, scope: pullScope(place) };
  return await readTagPages(place.http, address, place.repository, run).catch((error: unknown) => {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return [];
    throw atTarget(error);
  });
}

/** DELETE by digest. Registries that do not delete say 405, or 400 with UNSUPPORTED. */
export async function removeManifest(
  place: PushPlace,
  digest: Digest,
  run: Run,
): Promise<'removed' | 'gone' | 'unsupported'> {
  const question = (scope: string): TargetQuestion => ({
    place,
    item: `${place.repository}@${digest}`,
    doing: `deleting ${place.repository}@${digest}`,
    method: 'DELETE',
    url: `${place.base}/manifests/${digest}`,
    scope,
    accept: [200, 202, 204, 404, 405],
  });
  const answer = await withRightToDelete(place, (scope) => askTarget(question(scope), run));
  if (answer.status === 404) return 'gone';
  return answer.status === 405 ? 'unsupported' : 'removed';
}
