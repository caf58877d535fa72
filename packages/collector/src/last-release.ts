import type { LastRelease } from '@gapferry/bundle';
import { type Digest, GapferryError, isDigest, type Ledger, type LedgerEntry } from '@gapferry/core';

/** What the ledger says of one release, before (`release.sealing`) and after (`release.sealed`) it was written. */
export interface ReleaseRecord extends LastRelease {
  readonly channel: string;
  readonly bundle: string;
  readonly version: string;
}

/** What `release.sealing` announces: enough to recognise the release's own bytes later. */
export interface ReleaseIntent extends ReleaseRecord {
  /** sha256 of release.sigstore.json: the signature too must be the announced one. */
  readonly envelope: Digest;
  /** sha256 of packs.json; null when there is none. */
  readonly packs: Digest | null;
}

/** The newest release that this depot's ledger knows of the channel, and one that was announced after it and never recorded as done. */
export interface ChannelHistory {
  readonly last: ReleaseRecord | undefined;
  readonly open: ReleaseIntent | undefined;
}

export const SEALING = 'release.sealing';
export const SEALED = 'release.sealed';

/** The channel's last release by the ledger, for numbering and for `--after`. Throws `LEDGER_TAMPERED` for an entry that no collect wrote. */
export function lastRelease(ledger: Ledger, channel: string): ReleaseRecord | undefined {
  return channelHistory(ledger, channel).last;
}

export function channelHistory(ledger: Ledger, channel: string): ChannelHistory {
  let last: ReleaseRecord | undefined;
  let open: ReleaseIntent | undefined;
  for (const entry of ledger.history([SEALING, SEALED])) {
    if (entry.data['channel'] !== channel) continue;
    if (entry.kind === SEALING) open = { ...toRecord(entry), ...toAnnounced(entry) };
    else [last, open] = [toRecord(entry), undefined];
  }
  return { last, open };
}

/** The record's members as the ledger keeps them. */
export function toLedgerData(record: ReleaseRecord): LedgerEntry['data'] {
  const { channel, sequence, statement, manifest, version, bundle } = record;
  return { channel, sequence, statement, manifest, version, bundle };
}

function toRecord(entry: LedgerEntry): ReleaseRecord {
  const { channel, sequence, statement, manifest, version, bundle } = entry.data;
  if (
    typeof channel === 'string' &&
    typeof sequence === 'number' &&
    isDigest(statement) &&
    isDigest(manifest) &&
    typeof version === 'string' &&
    typeof bundle === 'string'
  )
    return { channel, sequence, statement, manifest, version, bundle };
  throw unreadable(entry);
}

function toAnnounced(entry: LedgerEntry): Pick<ReleaseIntent, 'envelope' | 'packs'> {
  const { envelope, packs } = entry.data;
  if (isDigest(envelope) && (packs === null || isDigest(packs))) return { envelope, packs };
  throw unreadable(entry);
}

function unreadable(entry: LedgerEntry): GapferryError {
  return new GapferryError({
    code: 'LEDGER_TAMPERED',
    message: `entry ${entry.index} of the depot's ledger is a ${entry.kind} that gapferry did not write`,
    hint: 'run "gapferry ledger verify"',
    origin: 'depot',
  });
}
