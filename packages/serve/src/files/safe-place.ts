import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { unsafePathReason } from '@gapferry/core';

/** Something below a served root that may be shown. */
export interface SafePlace {
  readonly path: string;
  readonly facts: BigIntStats;
}

/** Finds what `parts` name below `root` without following any link; undefined when there is nothing, or nothing that may be shown. */
export async function findPlace(root: string, parts: readonly string[]): Promise<SafePlace | undefined> {
  if (parts.length > 0 && unsafePathReason(parts.join('/')) !== undefined) return undefined;
  let path = root;
  let facts = await factsOf(path);
  for (const part of parts) {
    if (!facts?.isDirectory()) return undefined;
    path = join(path, part);
    facts = await factsOf(path);
  }
  return facts?.isFile() || facts?.isDirectory() ? { path, facts } : undefined;
}

async function factsOf(path: string): Promise<BigIntStats | undefined> {
  return await lstat(path, { bigint: true }).catch(() => undefined);
}
