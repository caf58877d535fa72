import type { BundleConfig } from '@gapferry/bundle';
import { checkRun, type GitPin, type GitWish, type Pin, type Run, wishDigest } from '@gapferry/core';
import pLimit from 'p-limit';
import type { LookRequest } from './look-into-charts.ts';
import type { FoundInGit } from './look-into-git.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

/** Repositories that may have to be brought at once. */
const AT_ONCE = 4;

/** Finds what the pinned refs of the bundle's repositories have as submodules, unless their lines say `submodules: none`. One error names all repositories that failed. Throws what fetching them throws. */
export async function lookIntoSubmodules(request: LookRequest, run: Run): Promise<readonly FoundInGit[]> {
  const { config, pins, discovery } = request;
  const limit = pLimit(AT_ONCE);
  const repositories = repositoriesWithSubmodules(config, pins);
  const answers = await Promise.all(
    repositories.map(({ wish, pin }) =>
      limit(async (): Promise<FoundInGit | WishFailure> => {
        try {
          checkRun(run);
          const { references, problems } = await discovery.submodules.readSubmodules(pin, run);
          return { pin, references, problems };
        } catch (error) {
          return { wish, error };
        }
      }),
    ),
  );
  checkRun(run);
  const failures = answers.filter((answer) => 'error' in answer);
  if (failures.length > 0) throw resolveError(failures, repositories.length);
  const found = answers.filter((answer) => 'pin' in answer);
  for (const { pin, problems } of found) {
    const [first] = problems;
    if (first === undefined) continue;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    const message = `${first.place.file}: ${first.message}${more}: git checks nothing out there`;
    run.emit({ kind: 'warning', item: pin.id, message });
  }
  return found.filter(({ references, problems }) => references.length + problems.length > 0);
}

/** Repositories of which bundle.yaml does not say `submodules: none`. */
export function repositoriesWithSubmodules(
  { wishes }: Pick<BundleConfig, 'wishes'>,
  pins: readonly Pin[],
): { readonly wish: GitWish; readonly pin: GitPin }[] {
  const byWish = Map.groupBy(pins, (pin) => pin.wish);
  return wishes
    .filter((wish) => wish.kind === 'git')
    .filter((wish) => wish.submodules !== 'none')
    .flatMap((wish) =>
      (byWish.get(wishDigest(wish)) ?? []).filter((pin) => pin.kind === 'git').map((pin) => ({ wish, pin })),
    );
}
