import type { Ledger, NameState } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';

/** A repository that imports have made visible. */
export interface ImportedRepository {
  /** The item's identity, `host/path`. */
  readonly id: string;
  /** Ref → object id, as the last import left it. */
  readonly refs: NameState;
}

/** All repositories that imports have made visible at a target, sorted, as the ledger tells it. */
export function importedRepositories(ledger: Ledger, target: string): ImportedRepository[] {
  const found = new Map<string, { refs: NameState; more: boolean }>();
  for (const { data } of ledger.history([IMPORT_ENTRIES.named])) {
    const item = String(data['item']);
    if (data['target'] !== target || !item.startsWith('git ')) continue;
    const id = item.slice('git '.length);
    const before = found.get(id);
    // A state with many refs comes in several entries.
    const refs = { ...(before?.more === true ? before.refs : {}), ...toState(data['left']) };
    found.set(id, { refs, more: data['more'] === true });
  }
  return [...found].map(([id, { refs }]) => ({ id, refs })).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toState(value: unknown): NameState {
  if (value === null || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
