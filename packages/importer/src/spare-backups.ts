import { type Digest, isDigest, type Ledger, type LedgerEntry, type PruneRefs } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { isHere, type TargetPlaces } from './is-here.ts';

/** A backup ref that an import announced. */
interface Backup {
  readonly name: string;
  readonly oid: string;
  /** The ref stood at its object, and moved there without losing anything, during these: which releases were begun, from and to (exclusive) in their order, without the one that moved it away. */
  readonly spans: { readonly from: number; readonly to: number; readonly without: Digest }[];
}

interface Repository {
  readonly target: string;
  readonly place: string;
  /** By name and object. */
  readonly backups: Map<string, Backup>;
  /** By ref: where among the releases that were begun the last one that moved it away stands. */
  readonly moved: Map<string, number>;
  /** Refs that a release is about to move away. */
  readonly moving: Map<string, Digest>;
  isShared: boolean;
}

/** Backup refs of one channel that no release which stays needs, by target. What a release had at a ref is reached from whatever the ref stood at until it was moved away by force, and after that from the backup alone. So a
 *  backup is needed as long as a release stays that was begun between the move before and this one. A repository that other channels named as well keeps all of them. `here`: as for `pruneRequests`. */
export function spareBackups(
  ledger: Ledger,
  channel: string,
  staying: ReadonlySet<Digest>,
  here: TargetPlaces,
): ReadonlyMap<string, readonly PruneRefs[]> {
  const begun: Digest[] = [];
  const repositories = new Map<string, Repository>();
  let places: TargetPlaces = {};
  for (const entry of ledger.history([IMPORT_ENTRIES.began, IMPORT_ENTRIES.naming, IMPORT_ENTRIES.named])) {
    const { kind, data } = entry;
    if (data['channel'] !== channel) share(repositories, entry);
    else if (!isDigest(data['statement'])) continue;
    else if (kind === IMPORT_ENTRIES.began) {
      begun.push(data['statement']);
      places = (data['places'] ?? {}) as TargetPlaces;
    } else if (isHere(String(data['target']), here, places)) {
      if (kind === IMPORT_ENTRIES.naming) announce(repositories, entry, data['statement'], begun);
      else confirm(repositories, entry, data['statement'], begun);
    }
  }
  return spareIn([...repositories.values()], begun, staying);
}

function share(repositories: Map<string, Repository>, { data }: LedgerEntry): void {
  const named = Array.isArray(data['names']) ? data['names'] : [data];
  for (const name of named) {
    const place = (name as { readonly place?: unknown } | null)?.place;
    if (typeof place === 'string' && place.startsWith('git '))
      repositoryOf(repositories, data['target'], place).isShared = true;
  }
}

/** Nothing is moved yet: only what is confirmed ends a span. */
function announce(
  repositories: Map<string, Repository>,
  { data }: LedgerEntry,
  statement: Digest,
  begun: readonly Digest[],
): void {
  for (const { place, backups } of listOf(data['names'])) {
    if (typeof place !== 'string' || !place.startsWith('git ')) continue;
    const repository = repositoryOf(repositories, data['target'], place);
    for (const { ref, oid, backup } of listOf(backups)) {
      if (typeof ref !== 'string' || typeof oid !== 'string' || typeof backup !== 'string') continue;
      const key = `${backup} ${oid}`;
      const known = repository.backups.get(key) ?? { name: backup, oid, spans: [] };
      repository.backups.set(key, known);
      known.spans.push({ from: repository.moved.get(ref) ?? 0, to: begun.length, without: statement });
      repository.moving.set(ref, statement);
    }
  }
}

function confirm(
  repositories: Map<string, Repository>,
  { data }: LedgerEntry,
  statement: Digest,
  begun: readonly Digest[],
): void {
  const { target, place } = data;
  if (typeof place !== 'string' || !place.startsWith('git ')) return;
  const { moved, moving } = repositoryOf(repositories, target, place);
  for (const [ref, by] of moving) {
    if (by !== statement) continue;
    moved.set(ref, begun.length - 1);
    moving.delete(ref);
  }
}

function repositoryOf(repositories: Map<string, Repository>, target: unknown, place: string): Repository {
  const key = `${String(target)}\n${place}`;
  const known = repositories.get(key) ?? {
    target: String(target),
    place,
    backups: new Map(),
    moved: new Map(),
    moving: new Map(),
    isShared: false,
  };
  repositories.set(key, known);
  return known;
}

function spareIn(
  repositories: readonly Repository[],
  begun: readonly Digest[],
  staying: ReadonlySet<Digest>,
): ReadonlyMap<string, readonly PruneRefs[]> {
  const isSpare = ({ spans }: Backup): boolean =>
    spans.every(({ from, to, without }) =>
      begun.slice(from, to).every((statement) => statement === without || !staying.has(statement)),
    );
  const found = new Map<string, PruneRefs[]>();
  for (const { target, place, backups, isShared } of repositories) {
    const spare = isShared ? [] : [...backups.values()].filter(isSpare);
    if (spare.length === 0) continue;
    const repository = place.slice('git '.length);
    const refs = Object.fromEntries(spare.map(({ name, oid }) => [name, oid]));
    const one = { item: `git ${repository}`, repository, backups: refs, statements: [] };
    found.set(target, [...(found.get(target) ?? []), one]);
  }
  return found;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((entry) => entry !== null && typeof entry === 'object') : [];
}
