import type { TimeEstimate, TimePart } from '@gapferry/bundle';
import { printable, type TargetRoom } from '@gapferry/core';
import { formatBytes } from './format-bytes.ts';
import { formatDuration } from './format-duration.ts';

/** What an import needs on disks, one line each. */
export function roomLines(room: readonly TargetRoom[]): string[] {
  return room.map(({ on, needed, free }) =>
    printable(`Room: ${formatBytes(needed)} needed at ${on}, ${formatBytes(free)} free there.`),
  );
}

/** How long an import will take, and from which rates that is known. Nothing where nothing was measured. */
export function timeLines(time: TimeEstimate | undefined): string[] {
  if (time === undefined) return [];
  const { ms, parts, unknown = [] } = time;
  const told = [...parts.map(partText), ...(unknown.length === 0 ? [] : [unknownText(unknown)])];
  const length = ms < 1000 ? 'a second' : formatDuration(roughly(ms));
  return [printable(`Time: ${unknown.length === 0 ? 'about' : 'at least'} ${length}: ${told.join(', ')}.`)];
}

/** Nobody knows the seconds of an hour. */
function roughly(ms: number): number {
  const step = ms < 60_000 ? 1000 : ms < 600_000 ? 10_000 : 60_000;
  return Math.round(ms / step) * step;
}

function partText({ what, target, bytes, perSecond, ms }: TimePart): string {
  const rate = `${formatBytes(perSecond)}/s measured`;
  const length = ms < 1000 ? 'under a second' : formatDuration(roughly(ms));
  if (what === 'verify') return `verifying ${formatBytes(bytes)} ${length} (${rate})`;
  if (what === 'read-back') return `reading back ${length}`;
  return `sending ${formatBytes(bytes)} to ${target} ${length} (${rate})`;
}

function unknownText(unknown: readonly string[]): string {
  const names = unknown.map((one) => WORDS[one] ?? `sending to ${one}`);
  return `${names.join(', ')} never measured here`;
}

const WORDS: Readonly<Record<string, string>> = { verify: 'verifying', 'read-back': 'reading back' };
