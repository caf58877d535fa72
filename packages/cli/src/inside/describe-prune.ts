import type { PrunedTarget, PruneFile } from '@gapferry/bundle';
import { type PruneStep, printable } from '@gapferry/core';
import { formatBytes } from '@gapferry/report';

export interface PruneTotals {
  readonly steps: number;
  /** Where they are known. */
  readonly bytes: number;
  /** Things that somebody would look for among the steps, and that stay. */
  readonly stay: number;
}

/** Steps that are told one by one, for each target. */
const SHOWN = 20;

/** What a prune would take away, for people. */
export function pruneLines(file: PruneFile): string[] {
  if (file.channels.length === 0)
    return [`nothing to prune: no channel has more than the ${file.keep} newest releases and those in use`];
  const channels = file.channels.flatMap(({ channel, stays, goes }) => [
    `channel ${channel}: keeps ${numbers(stays)}; lets go ${numbers(goes)}`,
  ]);
  const totals = pruneTotals(file);
  return [
    ...channels,
    ...file.targets.flatMap(targetLines),
    `${totals.steps} to remove, ${formatBytes(totals.bytes)} as far as known${totals.stay > 0 ? `; ${totals.stay} stay` : ''}`,
  ].map(printable);
}

export function pruneTotals({ targets }: PruneFile): PruneTotals {
  const steps = targets.flatMap((one) => one.steps);
  const going = steps.filter(isGoing);
  return {
    steps: going.length,
    bytes: going.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    stay: steps.length - going.length,
  };
}

export function isGoing({ stays }: PruneStep): boolean {
  return stays === undefined;
}

function targetLines({ target, because, steps }: PrunedTarget): string[] {
  if (because !== undefined && steps.length === 0) return [`nothing is pruned at ${target}: ${because}`];
  if (steps.length === 0)
    return [`nothing is pruned at ${target}: there is nothing that no kept release needs`];
  const shown = steps.slice(0, SHOWN).map(stepLine);
  const more = steps.length > SHOWN ? [`  … and ${steps.length - SHOWN} more`] : [];
  return [
    `at ${target}:`,
    ...shown,
    ...more,
    ...(because === undefined ? [] : [`  not looked for: ${because}`]),
  ];
}

function stepLine({ place, what, count, bytes, stays }: PruneStep): string {
  const size = [
    ...(count === undefined ? [] : [`${count} ${COUNTED[what] ?? 'files'}`]),
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
  ];
  const facts = size.length === 0 ? '' : ` (${size.join(', ')})`;
  return stays === undefined ? `  remove ${what} ${place}${facts}` : `  stays  ${what} ${place}: ${stays}`;
}

const COUNTED: Partial<Record<PruneStep['what'], string>> = { name: 'listed there', refs: 'refs' };

function numbers(releases: readonly { readonly sequence: number }[]): string {
  return releases.length === 0 ? 'none' : releases.map(({ sequence }) => sequence).join(', ');
}
