import { type Digest, isDigest, type Ledger, type LedgerEntry } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';

/** A release as the ledger names it. */
export interface HistoricRelease {
  readonly sequence: number;
  readonly statement: Digest;
  /** Absent where an entry does not tell. */
  readonly version?: string;
}

/** What is loaded. */
export interface LoadedSince extends HistoricRelease {
  /** When it was loaded, and when an import last found all of it in place. RFC 3339. */
  readonly since: string;
  readonly proved: string;
  /** Digest of the statement of the receipt that says so; absent where none was signed. */
  readonly receipt?: Digest;
  /** Digest of the override by which an older release was loaded again. */
  readonly override?: Digest;
}

/** An import that did not come to its end: `partly-loaded` after the barrier, `stopped` by an error, `broken off` without a word (killed, or at work right now). */
export interface UnfinishedImport extends HistoricRelease {
  readonly how: 'partly-loaded' | 'stopped' | 'broken off';
  readonly at: string;
  /** Of what stopped it. */
  readonly code?: string;
  readonly message?: string;
}

export interface UsedOverride {
  readonly override: Digest;
  readonly index: number;
  readonly at: string;
  /** The release that was gone back to. */
  readonly to: HistoricRelease;
  readonly reason?: string;
}

/** What the site's ledger says of one channel: where it stands now. */
export interface ChannelHistory {
  readonly loaded?: LoadedSince;
  /** At its targets, read back, and not activated. */
  readonly staged?: HistoricRelease & { readonly at: string };
  /** The last import, where it did not come to its end. */
  readonly unfinished?: UnfinishedImport;
  /** An import began to set its names, and none has loaded it whole since: they may stand beside those of what is loaded. `at`: since when. */
  readonly named?: HistoricRelease & { readonly at: string };
  /** Ever, oldest first. */
  readonly overrides: readonly UsedOverride[];
}

const KINDS: readonly string[] = [
  IMPORT_ENTRIES.began,
  IMPORT_ENTRIES.staged,
  IMPORT_ENTRIES.naming,
  IMPORT_ENTRIES.finished,
  IMPORT_ENTRIES.stopped,
  IMPORT_ENTRIES.receipted,
];

/** By channel, in the order in which they first came; from the first entry on, as the ledger tells it. Entries of kinds or shapes that are not known are passed over. */
export function channelHistories(ledger: Ledger): ReadonlyMap<string, ChannelHistory> {
  const channels = new Map<string, Draft>();
  for (const entry of ledger.history(KINDS)) {
    const { channel } = entry.data;
    const release = releaseIn(entry);
    if (typeof channel !== 'string' || release === undefined) continue;
    const draft = channels.get(channel) ?? { overrides: [] };
    channels.set(channel, draft);
    tell(draft, entry, release);
  }
  return new Map([...channels].map(([channel, { overriding: _, ...history }]) => [channel, history]));
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** `overriding`: of the import that is told of. */
type Draft = Mutable<Omit<ChannelHistory, 'overrides'>> & {
  overrides: UsedOverride[];
  overriding?: Digest;
};

function tell(draft: Draft, entry: LedgerEntry, release: HistoricRelease): void {
  const { kind, at } = entry;
  if (kind === IMPORT_ENTRIES.began) began(draft, entry, release);
  else if (kind === IMPORT_ENTRIES.finished) finished(draft, entry, release);
  else if (kind === IMPORT_ENTRIES.receipted) receipted(draft, entry, release);
  else if (kind === IMPORT_ENTRIES.staged) staged(draft, at, release);
  else if (kind === IMPORT_ENTRIES.naming) {
    draft.named = { ...pick(release, draft.unfinished), at };
    if (draft.staged?.statement === release.statement) delete draft.staged;
  } else draft.unfinished = { ...pick(release, draft.unfinished), how: 'stopped', at, ...errorIn(entry) };
}

/** Staged again, what is loaded is proved once more and stays visible; what is loaded in part is no less so, whatever is staged. */
function staged(draft: Draft, at: string, release: HistoricRelease): void {
  const known = pick(release, draft.unfinished);
  const { loaded, named } = draft;
  delete draft.unfinished;
  if (named !== undefined) draft.unfinished = { ...named, how: 'partly-loaded' };
  if ([loaded, named].every((one) => one?.statement !== release.statement)) draft.staged = { ...known, at };
}

function began(draft: Draft, entry: LedgerEntry, release: HistoricRelease): void {
  draft.unfinished = { ...release, how: 'broken off', at: entry.at };
  const { override, back } = entry.data;
  delete draft.overriding;
  if (typeof override !== 'string' || !isDigest(override)) return;
  draft.overriding = override;
  if (draft.overrides.some((used) => used.override === override)) return;
  const reason = objectOf(back)['reason'];
  draft.overrides.push({
    override,
    index: entry.index,
    at: entry.at,
    to: release,
    ...(typeof reason === 'string' && { reason }),
  });
}

function finished(draft: Draft, entry: LedgerEntry, release: HistoricRelease): void {
  const record = objectOf(entry.data['record']);
  const known = { ...release, ...versionIn(record) };
  if (record['status'] === 'partly-loaded') {
    draft.unfinished = { ...known, how: 'partly-loaded', at: entry.at };
    return;
  }
  delete draft.unfinished;
  delete draft.named;
  if (draft.staged !== undefined && draft.staged.sequence <= release.sequence) delete draft.staged;
  const before = draft.loaded?.statement === release.statement ? draft.loaded : undefined;
  draft.loaded = {
    ...known,
    since: before?.since ?? entry.at,
    proved: entry.at,
    ...(before?.receipt !== undefined && { receipt: before.receipt }),
    ...overrideOf(before?.override ?? draft.overriding),
  };
}

function receipted(draft: Draft, { data }: LedgerEntry, release: HistoricRelease): void {
  const { receipt, status } = data;
  const isLoaded = status === 'loaded' && draft.loaded?.statement === release.statement;
  if (isLoaded && typeof receipt === 'string' && isDigest(receipt) && draft.loaded !== undefined)
    draft.loaded = { ...draft.loaded, receipt: draft.loaded.receipt ?? receipt };
}

function overrideOf(override: Digest | undefined): { override?: Digest } {
  return override === undefined ? {} : { override };
}

function releaseIn({ data }: LedgerEntry): HistoricRelease | undefined {
  const { sequence, statement } = data;
  if (typeof sequence !== 'number' || typeof statement !== 'string' || !isDigest(statement)) return undefined;
  return { sequence, statement, ...versionIn(data) };
}

function versionIn({ version }: Readonly<Record<string, unknown>>): { version?: string } {
  return typeof version === 'string' ? { version } : {};
}

/** Only the first entry of an import tells the version. */
function pick(release: HistoricRelease, before: HistoricRelease | undefined): HistoricRelease {
  const version = before?.statement === release.statement ? before.version : undefined;
  return { ...release, ...(version !== undefined && { version }) };
}

function errorIn({ data }: LedgerEntry): { code?: string; message?: string } {
  const { code, message } = data;
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message }),
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
