import type { LookUpOwner, Ownership } from '@gapferry/bundle';
import {
  type Ledger,
  type LedgerEntry,
  type NameState,
  type RepositoryAbout,
  toRepositoryAbout,
} from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';
import { PRUNE_ENTRIES } from './prune-entries.ts';

/** Which channel left what in which place, as the ledger tells it: the latest import counts, and what a prune took away is nobody's. Read once; what is appended afterwards is not seen. */
export function ownersIn(ledger: Ledger): LookUpOwner {
  const owners = new Map<string, Owner>();
  const told = new Map<string, Ownership>();
  const kinds = [IMPORT_ENTRIES.naming, IMPORT_ENTRIES.named, PRUNE_ENTRIES.freed];
  for (const entry of ledger.history(kinds)) {
    if (entry.kind === IMPORT_ENTRIES.named) settle(owners, entry);
    else if (entry.kind === PRUNE_ENTRIES.freed) free(owners, entry);
    else for (const name of listOf(entry.data['names'])) intend(owners, entry, name);
  }
  return (target, place) => {
    const key = keyOf(target, place);
    const owner = owners.get(key);
    if (owner !== undefined && !told.has(key))
      told.set(key, { ...owner, left: Object.fromEntries(owner.left) });
    return told.get(key);
  };
}

/** While the ledger is read: a hundred parts make up the state of a hundred thousand files, and each only adds to what is there. */
interface Owner extends Omit<Ownership, 'left'> {
  readonly left: Map<string, string>;
}

/** An import that names fewer refs than the one before leaves the others where they are: they stay the channel's. The intent is settled with the last part of a state. */
function settle(owners: Map<string, Owner>, { data }: LedgerEntry): void {
  const key = keyOf(data['target'], data['place']);
  const channel = String(data['channel']);
  const before = owners.get(key);
  const mine = before?.channel === channel ? before : undefined;
  const left = mine?.left ?? new Map<string, string>();
  for (const [name, value] of Object.entries(toState(data['left']))) left.set(name, value);
  const unsettled = data['more'] === true && mine?.intended !== undefined ? mine.intended : undefined;
  const about = aboutIn(data['about']) ?? mine?.about;
  owners.set(key, {
    channel,
    left,
    ...(unsettled && { intended: unsettled }),
    ...(about && { about }),
  });
}

/** A process that was killed between the intent and its confirmation may have set the name or not. */
function intend(owners: Map<string, Owner>, { data }: LedgerEntry, name: Record<string, unknown>): void {
  const key = keyOf(data['target'], name['place']);
  const channel = String(data['channel']);
  const before = owners.get(key);
  if (before !== undefined && before.channel !== channel && before.left.size > 0) return;
  const mine = before?.channel === channel ? before : undefined;
  owners.set(key, {
    channel,
    left: mine?.left ?? new Map(),
    intended: [...(mine?.intended ?? []), toState(name['state'])],
    ...aboutOf([...(mine?.about ?? []), ...(aboutIn(name['about']) ?? [])]),
  });
}

/** A name that a prune took away is nobody's, and another channel may have it. */
function free(owners: Map<string, Owner>, { data }: LedgerEntry): void {
  const places = Array.isArray(data['places']) ? data['places'] : [];
  for (const place of places) {
    const key = keyOf(data['target'], place);
    if (owners.get(key)?.channel === data['channel']) owners.delete(key);
  }
}

function aboutOf(about: readonly RepositoryAbout[]): Pick<Ownership, 'about'> {
  return about.length === 0 ? {} : { about };
}

function aboutIn(value: unknown): readonly RepositoryAbout[] | undefined {
  return value !== null && typeof value === 'object' ? [toRepositoryAbout(value)] : undefined;
}

function keyOf(target: unknown, place: unknown): string {
  return `${String(target)}\n${String(place)}`;
}

function toState(value: unknown): NameState {
  if (value === null || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter((entry) => entry !== null && typeof entry === 'object') : [];
}
