import type { NameState } from '@gapferry/core';

/** One entry of the ledger holds at most 4 MiB; a repository can have a million refs. */
const ENTRY_BYTES = 1 << 20;
const PART_REFS = 1000;

/** Packs parts into lists that each fit into one entry of a ledger, in order. A part alone must fit: at most 1 MiB as JSON. */
export function inEntries<T>(parts: Iterable<T>): T[][] {
  const entries: T[][] = [];
  let room = 0;
  for (const part of parts) {
    const size = Buffer.byteLength(JSON.stringify(part)) + 1;
    if (size > room) {
      entries.push([]);
      room = ENTRY_BYTES;
    }
    entries.at(-1)?.push(part);
    room -= size;
  }
  return entries;
}

/** A state in parts that each fit; the state of nothing is one empty part. */
export function stateInParts(state: NameState): NameState[] {
  const members = Object.entries(state);
  const count = Math.max(1, Math.ceil(members.length / PART_REFS));
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(members.slice(i * PART_REFS, (i + 1) * PART_REFS)),
  );
}
