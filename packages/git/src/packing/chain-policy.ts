import { type GitPack, totalSize } from '@gapferry/core';

/** Packs of one repository. Every pack is a file on the medium and an index to search inside; git itself gathers packs when there are 50 (`gc.autoPackLimit`), and its servers do with far fewer. */
const MOST_PACKS = 20;

/** Of the base's size, for all increments together: a site that begins now gets both, and half as much again is what that may cost it. */
const MOST_GROWTH = 0.5;

/** Bytes of increments that are not worth sending anything again for. */
const NOT_WORTH_IT = 1_048_576;

/** Why the next release should carry one new base pack instead of these; undefined when they may stay. Pure. */
export function reasonToFold(packs: readonly GitPack[]): string | undefined {
  const [base, ...increments] = packs;
  if (packs.length > MOST_PACKS) return `its chain would have more than ${MOST_PACKS} packs`;
  const grown = totalSize(increments);
  if (base === undefined || grown <= NOT_WORTH_IT || grown <= base.size * MOST_GROWTH) return undefined;
  return 'its increments would be larger together than half of its first pack';
}
