import { dirname, join, resolve } from 'node:path';
import { type Mark, parseSiteConfig, type SiteConfig, type TrustPolicy } from '@gapferry/bundle';
import {
  type Clock,
  formatTime,
  GapferryError,
  isGapferryError,
  type LedgerHead,
  type Run,
  shortDigest,
} from '@gapferry/core';
import type { Lock, OpenLedger, SiteState } from '@gapferry/ledger';
import { readNamedFile } from '../environment.ts';
import { loadTrust } from './load-trust.ts';
import { notedHeads, requireNoted, requirePresent } from './noted-heads.ts';
import { sweepUnfinished } from './sweep-unfinished.ts';

/** The inside's configuration with its paths made absolute. */
export interface Site {
  readonly config: SiteConfig;
  readonly file: string;
  readonly trustFile: string;
  readonly keyFile: string;
  readonly stateDirectory: string;
  /** Absolute path of a path in site.yaml. */
  pathOf(relative: string): string;
}

/** Reads site.yaml. Throws `CONFIG_INVALID`, `USAGE`. */
export async function readSite(file: string): Promise<Site> {
  const config = parseSiteConfig(await readNamedFile(file, 'the site file'), file);
  const pathOf = (relative: string): string => resolve(dirname(file), relative);
  return {
    config,
    file,
    trustFile: pathOf(config.trust),
    keyFile: pathOf(config.key),
    stateDirectory: pathOf(config.state),
    pathOf,
  };
}

/** A site whose policy is the pinned one. */
export interface TrustedSite extends Site {
  readonly policy: TrustPolicy;
  readonly state: SiteState;
  /** The channel's mark; a channel the policy knows starts at 0. */
  mark(channel: string): Mark;
}

/** Reads the site and requires that its state is its own, and its trust policy the one that was pinned. Throws `CONFIG_INVALID`, `TRUST_NOT_PINNED`, `TRUST_MISMATCH`. */
export async function openTrustedSite(siteFile: string): Promise<TrustedSite> {
  const site = await readSite(siteFile);
  const policy = await loadTrust(site.trustFile);
  const { openSiteState } = await import('@gapferry/ledger');
  const state = await openSiteState(site.stateDirectory);
  requireOwnState(site, state);
  requirePinned(site, policy, state);
  return { ...site, policy, state, mark: (channel) => state.mark(channel) ?? { sequence: 0 } };
}

/** Throws `CONFIG_INVALID` where the state is that of a site with another name: receipts and orders to go back would be taken for that one's. */
export function requireOwnState({ config, file, stateDirectory }: Site, state: SiteState): void {
  const known = state.pin()?.site;
  if (known === undefined || known === config.name) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${file} says that this is site ${config.name}, and its state in ${stateDirectory} is that of site ${known}`,
    hint: `write "name: ${known}" again; a site of another name has a state of its own ("state:" in its site file) and pins its trust policy itself`,
    origin: 'site',
    data: { file, name: config.name, known },
  });
}

function requirePinned(site: Site, policy: TrustPolicy, state: SiteState): void {
  const pin = state.pin();
  if (pin === undefined) {
    throw new GapferryError({
      code: 'TRUST_NOT_PINNED',
      message: `site ${site.config.name} has not pinned its trust policy ${site.trustFile} yet`,
      hint: `get the policy's fingerprint by another way (paper, phone) and run "gapferry trust pin --site ${site.file}"`,
      origin: 'site',
    });
  }
  if (pin.digest === policy.digest) return;
  throw new GapferryError({
    code: 'TRUST_MISMATCH',
    message: `the trust policy ${site.trustFile} (version ${policy.version}, ${shortDigest(policy.digest)}) is not the pinned one (version ${pin.version}, ${shortDigest(pin.digest)})`,
    hint: 'put the pinned policy back, or compare the fingerprint of the new one by another way and run "gapferry trust pin" again with a higher version',
    origin: 'site',
    data: { pinned: pin, found: { version: policy.version, digest: policy.digest } },
  });
}

/** One process at a time works for a site; its ledger is open as long as the lock is held. */
export interface SiteSession {
  readonly ledger: OpenLedger;
  readonly lock: Lock;
  close(): Promise<void>;
}

/** Takes the site's lock and opens its ledger, which must be whole and the one that the site's receipts and state tell of. Throws `LOCKED`, `LEDGER_UNWRITABLE`, `LEDGER_TAMPERED`. */
export async function beginSession(
  site: Site,
  purpose: string,
  clock: Clock,
  run: Run,
): Promise<SiteSession> {
  const { lockDirectory, openLedger } = await import('@gapferry/ledger');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(site.stateDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(site.stateDirectory, purpose, { clock, run });
  let ledger: OpenLedger | undefined;
  try {
    await sweepUnfinished(site.stateDirectory);
    const file = ledgerFile(site);
    const noted = await notedHeads(site.stateDirectory);
    // Before one is made where there is none: a ledger that is gone is not a new one.
    requirePresent(file, noted);
    ledger = await openLedger(file, { clock });
    await requireNoted(ledger, noted);
    return toSession(site, ledger, lock, clock);
  } catch (error) {
    ledger?.close();
    await lock.release();
    throw error;
  }
}

function toSession(site: Site, ledger: OpenLedger, lock: Lock, clock: Clock): SiteSession {
  const before = ledger.head();
  let open = true;
  return {
    ledger,
    lock,
    close: async () => {
      if (!open) return;
      open = false;
      try {
        const head = ledger.head();
        if (head !== undefined && head.index !== before?.index) await noteHead(site, head, clock);
      } finally {
        ledger.close();
        await lock.release();
      }
    },
  };
}

/** The work is done and stands in the ledger: a disk that takes no note of its head makes no failure of it. */
async function noteHead({ stateDirectory }: Site, head: LedgerHead, clock: Clock): Promise<void> {
  const { openSiteState } = await import('@gapferry/ledger');
  try {
    await (await openSiteState(stateDirectory)).noteLedger(head, formatTime(clock.now()));
  } catch (error) {
    if (!isGapferryError(error)) throw error;
  }
}

export function ledgerFile(site: Site): string {
  return join(site.stateDirectory, 'ledger.db');
}
