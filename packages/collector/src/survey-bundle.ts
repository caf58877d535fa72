import type { Run } from '@gapferry/core';
import { type Survey, surveyImages } from './discover-images.ts';
import type { Discovery } from './discovery.ts';
import { type ResolveRequest, resolveBundle } from './resolve-bundle.ts';
import { plainFetcher } from './resolve-release.ts';

/** What a collect would find in the bundle's charts and repositories and do with it, without collecting: also what would end it is in the answer. Throws like `resolveBundle`, and what fetching and rendering a chart throw. */
export async function surveyBundle(
  request: ResolveRequest & { readonly discovery: Discovery },
  run: Run,
): Promise<Survey> {
  const { config } = request;
  const reads = config.wishes.some((wish) => wish.kind === 'git' && wish.images === 'discover');
  // What names no image, is none, and is nothing that a repository could point to, need not be asked for.
  const wishes = config.wishes.filter(
    (wish) => wish.kind === 'chart' || wish.kind === 'image' || (wish.kind === 'git' && reads),
  );
  const lock = await resolveBundle({ ...request, config: { ...config, wishes } }, run);
  return surveyImages({ ...request, lock, fetcher: plainFetcher(request, request.discovery) }, run);
}
