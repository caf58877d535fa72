import type { BundleConfig } from '@gapferry/bundle';
import { checkRun, type GitPin, type GitWish, type Pin, type Run, wishDigest } from '@gapferry/core';
import { type Lead, leadsOf } from './leads.ts';
import type { LookedInto, LookRequest } from './look-into-charts.ts';
import { resolveError, type WishFailure } from './resolve-error.ts';

/** What was found in the bundle's repositories. */
export interface LookedIntoGit {
  readonly looked: readonly LookedInto[];
  readonly leads: readonly Lead[];
}

/** Reads every repository of which bundle.yaml says `images: discover`, one after the other: each is held in memory as a whole. One error names all that failed.
 *  Throws what fetching and reading throw. */
export async function lookIntoGit(request: LookRequest, run: Run): Promise<LookedIntoGit> {
  const { config, pins } = request;
  const repositories = repositoriesToLookInto(config, pins);
  if (repositories.length === 0) return { looked: [], leads: [] };
  run.emit({ kind: 'stage', stage: 'discover', items: repositories.length });
  const looked: LookedInto[] = [];
  const leads: Lead[] = [];
  const failures: WishFailure[] = [];
  for (const { wish, pin } of repositories) {
    checkRun(run);
    try {
      const found = await request.discovery.trees.discover(pin, run);
      looked.push({ wish, pin, findings: found.images });
      leads.push(...leadsOf(pin, found, config));
    } catch (error) {
      failures.push({ wish, error });
    }
  }
  checkRun(run);
  if (failures.length > 0) throw resolveError(failures, repositories.length);
  return { looked, leads };
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
