import type { BundleConfig } from '@gapferry/bundle';
import {
  checkRun,
  type GitPin,
  type GitWish,
  type ImagePin,
  type Pin,
  type Run,
  type TreeFindings,
  wishDigest,
} from '@gapferry/core';
import type { LookedInto, LookRequest } from './look-into-charts.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

/** What was found in the bundle's repositories. */
export interface LookedIntoGit {
  readonly looked: readonly LookedInto[];
  /** All that was found, as it was told. */
  readonly found: readonly FoundInGit[];
}

/** What a repository or an artifact points to, and what in it was not followed. */
export interface FoundInGit extends Pick<TreeFindings, 'references' | 'problems'> {
  readonly pin: GitPin | ImagePin;
}

/** Reads every repository of which bundle.yaml says `images: discover`, one after the other: each is held in memory as a whole. One error names all that failed.
 *  Throws what fetching and reading throw. */
export async function lookIntoGit(request: LookRequest, run: Run): Promise<LookedIntoGit> {
  const { config, pins } = request;
  const repositories = repositoriesToLookInto(config, pins);
  if (repositories.length === 0) return { looked: [], found: [] };
  run.emit({ kind: 'stage', stage: 'discover', items: repositories.length });
  const looked: LookedInto[] = [];
  const all: FoundInGit[] = [];
  const failures: WishFailure[] = [];
  for (const { wish, pin } of repositories) {
    checkRun(run);
    try {
      const found = await request.discovery.trees.discover(pin, run);
      looked.push({ wish, pin, findings: found.images });
      all.push({ pin, references: found.references, problems: found.problems });
    } catch (error) {
      failures.push({ wish, error });
    }
  }
  checkRun(run);
  if (failures.length > 0) throw resolveError(failures, repositories.length);
  return { looked, found: all };
}

interface Repository {
  readonly wish: GitWish;
  readonly pin: GitPin;
}

/** Repositories of which bundle.yaml says `images: discover`. */
export function repositoriesToLookInto({ wishes }: BundleConfig, pins: readonly Pin[]): Repository[] {
  const byWish = Map.groupBy(pins, (pin) => pin.wish);
  return wishes
    .filter((wish) => wish.kind === 'git')
    .filter((wish) => wish.images === 'discover')
    .flatMap((wish) =>
      (byWish.get(wishDigest(wish)) ?? []).filter((pin) => pin.kind === 'git').map((pin) => ({ wish, pin })),
    );
}
