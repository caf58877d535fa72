import { GapferryError, type Run } from '@gapferry/core';
import type { FileTree, TreeFact, TreePath } from './file-tree.ts';

/** A small file in memory; undefined when there is none. Throws `LIMIT_EXCEEDED` beyond `most` bytes. */
export async function readWhole(
  tree: FileTree,
  at: TreePath,
  most: number,
  run: Run,
): Promise<{ readonly bytes: Uint8Array; readonly fact: TreeFact } | undefined> {
  const fact = await tree.look(at, run);
  if (fact === undefined) return undefined;
  if (fact.size > most)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${at.path} in ${tree.place} has ${fact.size} bytes, more than the ${most} that are read`,
      hint: 'it is not what gapferry wrote; look at it and move it away',
      origin: 'target',
    });
  const chunks: Uint8Array[] = [];
  for await (const chunk of tree.open(at, fact, run)) chunks.push(Uint8Array.from(chunk));
  return { bytes: Buffer.concat(chunks), fact };
}
