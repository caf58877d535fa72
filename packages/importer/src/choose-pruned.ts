import { type Digest, GapferryError, isDigest, type Ledger, type LedgerEntry } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { PRUNE_ENTRIES } from './prune-entries.ts';

/** A release that an import of this site began to load. */
export interface LoadedRelease {
  readonly channel: string;
  readonly sequence: number;
  readonly version: string;
  readonly statement: Digest;
  readonly manifest: Digest;
}

/** Of one channel, each in the order of numbers. */
export interface PruneChoice {
  readonly channel: string;
  /** What was loaded last, or is being loaded: never goes. */
  readonly current: LoadedRelease;
  readonly stays: readonly LoadedRelease[];
  readonly goes: readonly LoadedRelease[];
}

/** Which releases stay: of each channel that is asked for the newest `keep`, the one at the mark, the one that was loaded whole last and those that were begun since; of other channels all. Channels without any are left out. */
export function choosePruned(
  ledger: Ledger,
  wanted: { readonly channel?: string | undefined; readonly keep: number },
  markOf: (channel: string) => Digest | undefined,
): readonly PruneChoice[] {
  const channels = new Map<string, LoadedRelease[]>();
  const busy = new Map<string, Set<Digest>>();
  const pruned = prunedBefore(ledger);
  const kinds = [IMPORT_ENTRIES.began, IMPORT_ENTRIES.finished];
  for (const { kind, data } of ledger.history(kinds)) {
    const release = toLoaded(data);
    if (release === undefined) continue;
    if (kind === IMPORT_ENTRIES.finished) {
      // Of one that is only partly loaded names of the one before stand.
      if (!isPartly(data)) busy.set(release.channel, new Set([release.statement]));
    } else {
      busy.set(release.channel, (busy.get(release.channel) ?? new Set()).add(release.statement));
      channels.set(release.channel, [...(channels.get(release.channel) ?? []), release]);
    }
  }
  return [...channels].map(([channel, begun]) => {
    const known = [...new Map(begun.map((one) => [one.statement, one])).values()];
    const all = known.sort((a, b) => a.sequence - b.sequence);
    // Of those nobody knows any more what they need, and nothing of them is there.
    const there = all.filter(({ statement }) => !pruned.has(statement));
    const isAsked = wanted.channel === undefined || wanted.channel === channel;
    const newest = new Set(there.slice(isAsked ? -wanted.keep : 0).map(({ statement }) => statement));
    const current = busy.get(channel) ?? new Set();
    const mark = markOf(channel);
    const stays = ({ statement }: LoadedRelease): boolean =>
      newest.has(statement) || current.has(statement) || statement === mark;
    const last = begun.findLast(({ statement }) => current.has(statement));
    return {
      channel,
      current: last ?? lastOf(begun, channel),
      stays: all.filter(stays),
      goes: there.filter((one) => !stays(one)),
    };
  });
}

/** Of `import.finished`. */
export function isPartly(data: LedgerEntry['data']): boolean {
  return (data['record'] as { readonly status?: unknown } | undefined)?.status === 'partly-loaded';
}

/** Releases of which nothing was left, and that were not loaded again since. */
function prunedBefore(ledger: Ledger): ReadonlySet<Digest> {
  const pruned = new Set<Digest>();
  for (const entry of historyWithPrunes(ledger, [IMPORT_ENTRIES.began])) {
    if ('pruned' in entry) for (const statement of entry.pruned) pruned.add(statement);
    else if (isDigest(entry.data['statement'])) pruned.delete(entry.data['statement']);
  }
  return pruned;
}

/** Entries of these kinds and, where a prune came to its end, the statements of the releases of which it left nothing. */
export function* historyWithPrunes(
  ledger: Ledger,
  kinds: readonly string[],
): Generator<LedgerEntry | { readonly pruned: readonly Digest[] }> {
  let going: readonly Digest[] = [];
  for (const entry of ledger.history([PRUNE_ENTRIES.began, PRUNE_ENTRIES.finished, ...kinds])) {
    const { kind, data } = entry;
    if (kind === PRUNE_ENTRIES.began) going = goingIn(data['channels']);
    else if (kind !== PRUNE_ENTRIES.finished) yield entry;
    else if (data['stayed'] === 0) yield { pruned: going };
  }
}

function goingIn(channels: unknown): Digest[] {
  if (!Array.isArray(channels)) return [];
  return channels.flatMap((one: { readonly goes?: unknown } | null) =>
    Array.isArray(one?.goes) ? one.goes.filter(isDigest) : [],
  );
}

function lastOf(begun: readonly LoadedRelease[], channel: string): LoadedRelease {
  const last = begun.at(-1);
  if (last !== undefined) return last;
  throw new GapferryError({ code: 'INTERNAL', message: `channel ${channel} has no release` });
}

/** `finished` has the version in its record. */
function toLoaded(data: LedgerEntry['data']): LoadedRelease | undefined {
  const { channel, sequence, statement } = data;
  const record = (data['record'] ?? {}) as { readonly version?: unknown; readonly manifest?: unknown };
  const { version = record.version, manifest = record.manifest } = data as Record<string, unknown>;
  if (typeof channel !== 'string' || typeof sequence !== 'number' || !isDigest(statement)) return undefined;
  if (typeof version !== 'string' || !isDigest(manifest)) return undefined;
  return { channel, sequence, version, statement, manifest };
}
