import { join } from 'node:path';
import type { Clock, Run } from '@gapferry/core';
import type { Depot } from '@gapferry/depot';
import type { OpenLedger } from '@gapferry/ledger';

/** A depot that this process alone writes to, with its ledger. */
export interface DepotSession {
  readonly depot: Depot;
  readonly ledger: OpenLedger;
  close(): Promise<void>;
}

/** Takes the lock of the depot, opens it (made where there is none) and opens its ledger. Throws `LOCKED` naming who holds it. */
export async function openDepotSession(
  directory: string,
  purpose: string,
  clock: Clock,
  run: Run,
): Promise<DepotSession> {
  const [{ openDepot }, { lockDirectory, openLedger }] = await Promise.all([
    import('@gapferry/depot'),
    import('@gapferry/ledger'),
  ]);
  // The lock comes first: making a depot is writing to it.
  const lock = await lockDirectory(directory, purpose, { clock, run });
  try {
    const depot = await openDepot(directory, { create: true });
    const ledger = await openLedger(join(depot.directory, 'ledger.db'), { clock });
    return {
      depot,
      ledger,
      close: async () => {
        ledger.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
