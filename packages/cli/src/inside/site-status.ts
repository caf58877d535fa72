import { basename } from 'node:path';
import { formatTime, type GapferryError, type LedgerHead, type Run } from '@gapferry/core';
import type { ChannelHistory } from '@gapferry/importer';
import type { LockHolder, NotedHead, OpenLedger } from '@gapferry/ledger';
import type { ChannelStatus, SiteStatus } from '@gapferry/report';
import { systemClock } from '../clock.ts';
import { type Compared, compareChannel, toProblem } from './compare-channel.ts';
import { LEDGER_RESTARTED, notedHeads, requireNoted, requirePresent } from './noted-heads.ts';
import { ledgerFile, type TrustedSite } from './open-site.ts';
import { readReceipts, type StoredReceipt } from './receipts.ts';
import { forgotten, forgottenChannels } from './require-known-channels.ts';
import { requireLatestMarks } from './require-latest-state.ts';
import { unknownChannel } from './unknown-channel.ts';

export interface SiteStatusOptions {
  readonly channel?: string;
  /** Ask no target: tell what the ledger says. */
  readonly offline: boolean;
}

/** Where a site stands, channel by channel: from its ledger, which must be whole, and from what its targets say. Changes nothing, and takes no lock: whoever imports is not kept from it.
 *  Throws `LEDGER_TAMPERED`, and `RELEASE_NOT_FOUND` for a channel of which nothing was ever imported. */
export async function siteStatus(
  site: TrustedSite,
  { channel: wanted, offline }: SiteStatusOptions,
  run: Run,
): Promise<SiteStatus> {
  const { lockHolder } = await import('@gapferry/ledger');
  // Before the ledger: who ends while the targets are asked was at work when it was read.
  const before = await lockHolder(site.stateDirectory);
  // Before the ledger: what they tell of must be in it, also when an import is at work.
  const noted = await notedHeads(site.stateDirectory);
  const file = ledgerFile(site);
  requirePresent(file, noted);
  const ledger = await openIfThere(file);
  try {
    if (ledger !== undefined) await requireKnown(ledger, noted, site);
    const channels = await channelsOf(site, ledger, wanted, offline, run);
    const holder = before ?? (await lockHolder(site.stateDirectory));
    return {
      site: site.config.name,
      at: formatTime(systemClock.now()),
      ledger: ledgerState(ledger?.head()),
      ...(holder !== undefined && { running: runningOf(holder) }),
      restarts: ledger === undefined ? [] : restartsIn(ledger),
      channels,
    };
  } finally {
    ledger?.close();
  }
}

/** The ledger is whole, and the state no older than it. */
async function requireKnown(
  ledger: OpenLedger,
  noted: readonly NotedHead[],
  { stateDirectory }: TrustedSite,
): Promise<void> {
  await requireNoted(ledger, noted);
  const [{ toldTrust }, { openSiteState }] = await Promise.all([
    import('@gapferry/importer'),
    import('@gapferry/ledger'),
  ]);
  const told = toldTrust(ledger);
  // Read anew: while an import is at work the mark rises before the ledger tells of it.
  requireLatestMarks(told, await openSiteState(stateDirectory));
}

/** A site that was pinned and never had anything has none yet. */
async function openIfThere(file: string): Promise<OpenLedger | undefined> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(file)) return undefined;
  const { openLedger } = await import('@gapferry/ledger');
  return await openLedger(file, { clock: systemClock, readOnly: true, recover: true });
}

async function channelsOf(
  site: TrustedSite,
  ledger: OpenLedger | undefined,
  wanted: string | undefined,
  offline: boolean,
  run: Run,
): Promise<ChannelStatus[]> {
  const { channelHistories } = await import('@gapferry/importer');
  const histories = ledger === undefined ? new Map<string, ChannelHistory>() : channelHistories(ledger);
  const lost = ledger === undefined ? [] : forgottenChannels(ledger, site.state.marks(), histories);
  const names = [...new Set([...histories.keys(), ...lost])];
  if (wanted !== undefined && !names.includes(wanted)) throw unknownChannel(wanted, names);
  const receipts = await readReceipts(site.stateDirectory);
  const channels: ChannelStatus[] = [];
  const away = new Map<string, GapferryError>();
  for (const channel of names) {
    if (wanted !== undefined && channel !== wanted) continue;
    const history = histories.get(channel) ?? { overrides: [] };
    const compared =
      offline || ledger === undefined
        ? {}
        : await compareChannel({ site, ledger, away }, channel, history, run);
    const unknown = lost.includes(channel) ? { notCompared: toProblem(forgotten([channel])) } : {};
    channels.push(toStatus(channel, history, site, receipts, { ...compared, ...unknown }));
  }
  return channels;
}

function toStatus(
  channel: string,
  { loaded, staged, unfinished, overrides }: ChannelHistory,
  site: TrustedSite,
  receipts: readonly StoredReceipt[],
  compared: Compared,
): ChannelStatus {
  const mark = site.state.mark(channel);
  return {
    channel,
    ...(mark !== undefined && { mark: mark.sequence }),
    ...(loaded !== undefined && { loaded: withReceipt(loaded, receipts) }),
    ...(staged !== undefined && { staged }),
    ...(unfinished !== undefined && { unfinished }),
    overrides,
    ...compared,
  };
}

function withReceipt(
  { receipt: statement, ...loaded }: NonNullable<ChannelHistory['loaded']>,
  receipts: readonly StoredReceipt[],
): NonNullable<ChannelStatus['loaded']> {
  if (statement === undefined) return loaded;
  const stored = receipts.find((one) => one.statement === statement);
  return { ...loaded, receipt: { statement, ...(stored !== undefined && { file: basename(stored.file) }) } };
}

function ledgerState(head: LedgerHead | undefined): SiteStatus['ledger'] {
  return { entries: head?.index ?? 0, ...(head !== undefined && { head }) };
}

function runningOf({ purpose, since, user, host, pid }: LockHolder): NonNullable<SiteStatus['running']> {
  return { purpose, since, by: `${user ?? 'somebody'} on ${host ?? 'this host'}, process ${pid}` };
}

function restartsIn(ledger: OpenLedger): SiteStatus['restarts'] {
  return [...ledger.history([LEDGER_RESTARTED])].map(({ index, at, data }) => ({
    index,
    at,
    reason: String(data['reason']),
  }));
}
