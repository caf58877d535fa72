import { type BundleConfig, type Lock, pinsFor } from '@gapferry/bundle';
import { GapferryError, type Run, type Sources } from '@gapferry/core';
import { requireWithoutSecrets } from './require-without-secrets.ts';
import { resolveBundle } from './resolve-bundle.ts';

export interface LockRequest {
  readonly config: BundleConfig;
  readonly lock?: Lock;
  readonly locked: boolean;
  readonly sources: Sources;
  readonly concurrency?: { readonly wishes?: number };
}

/** The lock to collect by: the given one when `locked` (no question is asked upstream), a new one otherwise.
 *  Throws `LOCK_STALE` when it is missing, of another bundle, or does not fit the wishes exactly. */
export async function lockFor(request: LockRequest, run: Run): Promise<Lock> {
  const { config, lock, locked, sources, concurrency } = request;
  if (!locked) {
    const wishes = concurrency?.wishes;
    return resolveBundle({ config, sources, ...(wishes !== undefined && { concurrency: wishes }) }, run);
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
  pinsFor(config.wishes, lock);
  requireWithoutSecrets(lock.pins);
  return lock;
}

function stale(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'LOCK_STALE', message, hint });
}
