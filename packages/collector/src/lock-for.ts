import type { BundleConfig, Lock } from '@gapferry/bundle';
import { GapferryError, type Run, type Sources } from '@gapferry/core';
import type { Discovery, LookFetcher } from './discovery.ts';
import { requireFittingLock } from './require-fitting-lock.ts';
import { requireWithoutSecrets } from './require-without-secrets.ts';
import { type ResolvedRelease, resolveRelease } from './resolve-release.ts';

export interface LockRequest {
  readonly config: BundleConfig;
  readonly lock?: Lock;
  readonly locked: boolean;
  readonly sources: Sources;
  readonly concurrency?: { readonly wishes?: number };
  readonly discovery?: Discovery;
  readonly fetcher?: LookFetcher;
}

/** The lock to collect by: the given one when `locked` (no question is asked upstream, and no chart is rendered), a new one otherwise.
 *  Throws `LOCK_STALE` when it is missing, of another bundle, or does not fit the wishes exactly. */
export async function lockFor(request: LockRequest, run: Run): Promise<ResolvedRelease> {
  const { config, lock, locked, concurrency } = request;
  if (!locked) {
    const wishes = concurrency?.wishes;
    const { sources, discovery, fetcher } = request;
    return resolveRelease(
      {
        config,
        sources,
        ...(discovery && { discovery }),
        ...(fetcher && { fetcher }),
        ...(wishes !== undefined && { concurrency: wishes }),
      },
      run,
    );
  }
  if (lock === undefined)
    throw stale(
      `bundle ${config.name} has no lock`,
      'run "gapferry resolve" first, or collect without --locked',
    );
  if (lock.bundle !== config.name)
    throw stale(
      `the lock is of bundle ${lock.bundle}, not of ${config.name}`,
      'take the lock that lies beside bundle.yaml',
    );
  requireFittingLock(config, lock, request.discovery);
  requireWithoutSecrets(lock.pins);
  return { lock };
}

function stale(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'LOCK_STALE', message, hint });
}
