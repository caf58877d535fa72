import type { Clock, Run } from '@gapferry/core';
import type { Lock } from '@gapferry/ledger';
import type { Site } from './open-site.ts';
import { depotPaths } from './open-targets.ts';

/** The site's lock keeps this site's imports apart; a target's keeps away other sites that load into the same directory, and a `collect` that uses it as its depot: both would
 *  write its index.json. A registry judges each tag right before it is set. Throws `LOCKED`, holding none. */
export async function lockTargets(site: Site, purpose: string, clock: Clock, run: Run): Promise<Lock> {
  const { lockDirectory } = await import('@gapferry/ledger');
  const locks: Lock[] = [];
  const release = async (): Promise<void> => {
    for (const lock of locks.splice(0).reverse()) await lock.release();
  };
  try {
    // In one order for everybody, so that two sites never wait for each other.
    for (const path of depotPaths(site).sort())
      locks.push(await lockDirectory(path, purpose, { clock, run }));
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}
