import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { TrustPolicy } from '@gapferry/bundle';
import { type Clock, formatTime, GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { NotedHead, OpenLedger } from '@gapferry/ledger';
import { LEDGER_RESTARTED, notedHeads, requireNoted, requirePresent } from './noted-heads.ts';
import { ledgerFile, type Site } from './open-site.ts';

export interface Restarted {
  readonly file: string;
  /** Name under which the file that was there lies beside it now. */
  readonly setAside?: string;
  /** What was wrong with the ledger before. */
  readonly finding: string;
  /** Heads that stand elsewhere and that the new ledger does not have. */
  readonly given: number;
}

/** 3 MiB of digests; an entry of the ledger takes 4. */
const MAX_GIVEN = 40_000;

/** Begins a site's ledger anew because the one before is lost: what is there is set aside, never removed, and the first entries of the new one say so, and which heads are given up.
 *  Throws `USAGE` when the ledger is whole, `LOCKED`, `LEDGER_UNWRITABLE`. */
export async function restartLedger(
  site: Site & { readonly policy: TrustPolicy },
  reason: string,
  clock: Clock,
  run: Run,
): Promise<Restarted> {
  const { lockDirectory, openLedger, openSiteState } = await import('@gapferry/ledger');
  const lock = await lockDirectory(site.stateDirectory, 'ledger restart', { clock, run });
  let ledger: OpenLedger | undefined;
  try {
    const noted = await notedHeads(site.stateDirectory);
    const file = ledgerFile(site);
    const finding = await findingIn(file, noted, clock);
    const setAside = await setAsideFile(file, clock);
    ledger = await openLedger(file, { clock });
    const given = [...new Set(noted.map(({ digest }) => digest))];
    const about = { site: site.config.name, reason, finding, setAside, policy: site.policy.digest };
    for (let at = 0; at === 0 || at < given.length; at += MAX_GIVEN)
      ledger.append(LEDGER_RESTARTED, { ...about, given: given.slice(at, at + MAX_GIVEN) });
    const head = ledger.head();
    // Read under the lock: marks may have risen while the fingerprint was typed.
    const state = await openSiteState(site.stateDirectory);
    if (head !== undefined) await state.noteLedger(head);
    return { file, ...(setAside !== undefined && { setAside }), finding, given: given.length };
  } finally {
    ledger?.close();
    await lock.release();
  }
}

/** What makes this ledger one that nothing can be imported with. */
async function findingIn(file: string, noted: readonly NotedHead[], clock: Clock): Promise<string> {
  const { openLedger } = await import('@gapferry/ledger');
  let ledger: OpenLedger | undefined;
  try {
    requirePresent(file, noted);
    if (existsSync(file)) {
      ledger = await openLedger(file, { clock });
      await requireNoted(ledger, noted);
    }
  } catch (error) {
    if (!isGapferryError(error, 'LEDGER_TAMPERED')) throw error;
    return error.message;
  } finally {
    ledger?.close();
  }
  throw new GapferryError({
    code: 'USAGE',
    message: `the ledger ${file} is whole, and everything that tells of it fits: there is nothing to begin anew`,
    hint: 'go on as you are used to',
    origin: 'site',
  });
}

/** With its journal: SQLite would play that back into the new one, or throw it away. Returns the name of the first. */
async function setAsideFile(file: string, clock: Clock): Promise<string | undefined> {
  const parts = ['', '-journal'].filter((part) => existsSync(`${file}${part}`));
  const [first] = parts;
  if (first === undefined) return undefined;
  const stamp = formatTime(clock.now()).replaceAll(/[:-]/g, '');
  for (let n = 1; ; n += 1) {
    const aside = `${file}.lost-${stamp}${n === 1 ? '' : `-${n}`}`;
    if (parts.some((part) => existsSync(`${aside}${part}`))) continue;
    for (const part of parts) await rename(`${file}${part}`, `${aside}${part}`);
    const directory = await open(dirname(file), 'r');
    await directory.sync().finally(() => directory.close());
    return basename(`${aside}${first}`);
  }
}
