import type { TrustedManifest } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import type { Lock } from '@gapferry/ledger';
import { systemClock } from '../clock.ts';
import { lockTargets } from './lock-targets.ts';
import { beginSession, openTrustedSite, type SiteSession, type TrustedSite } from './open-site.ts';
import { type OpenTargets, openTargets } from './open-targets.ts';
import { requireLatestState } from './require-latest-state.ts';

/** What a command that changes the site's targets works with. */
export interface ImportSession extends Pick<SiteSession, 'ledger'> {
  readonly site: TrustedSite;
  /** Opens the site's targets for a release; call it once. */
  open(release: TrustedManifest): Promise<OpenTargets['targets']>;
  /** For an import right before the first change, not before: a refused one leaves a target as it is, and what changed since the plan is judged again by the target. A prune, of which nothing is judged again, locks before it looks. Throws `LOCKED`. */
  lockTargets(): Promise<void>;
}

/** Holds the site's lock while `work` runs, and closes whatever it opened. `purpose`: what somebody reads who finds the site locked. Throws `LOCKED`, `LEDGER_UNWRITABLE`, what `openTrustedSite` throws, and what `work` throws. */
export async function inImportSession<T>(
  siteFile: string,
  purpose: string,
  work: (session: ImportSession) => Promise<T>,
  run: Run,
): Promise<T> {
  // The lock comes first: two imports at once must not both judge the same mark.
  const early = await openTrustedSite(siteFile);
  const session = await beginSession(early, purpose, systemClock, run);
  const locks: Lock[] = [];
  let opened: OpenTargets | undefined;
  try {
    const site = await openTrustedSite(siteFile);
    const { toldTrust } = await import('@gapferry/importer');
    requireLatestState(toldTrust(session.ledger), site.state);
    return await work({
      site,
      ledger: session.ledger,
      open: async (release) => {
        opened = await openTargets(site, process.env, release, run);
        return opened.targets;
      },
      lockTargets: async () => void locks.push(await lockTargets(site, purpose, systemClock, run)),
    });
  } finally {
    await opened?.close();
    for (const lock of locks) await lock.release();
    await session.close();
  }
}
