import { type Lock, waivableOf } from '@gapferry/bundle';
import type { DiscoveredImage, Lead } from '@gapferry/collector';
import { type NamedBy, printable } from '@gapferry/core';
import { leadCounts, openLeadLines } from './lead-lines.ts';

/** What a resolve, a collect or its preview knows of images that charts name. */
export interface DiscoveredReport {
  readonly lock: Lock;
  /** Absent with a given lock: it holds what was found when it was made. */
  readonly discovered?: readonly DiscoveredImage[];
  readonly leads?: readonly Lead[];
}

/** Lines of one kind that are shown; `gapferry images` shows all. */
const SHOWN = 20;

/** In one line how many images charts name and what becomes of them, then each that is left out although somebody might miss it. Nothing where charts name nothing. */
export function discoveredLines(report: DiscoveredReport, bundle: string): string[] {
  return [...imageLines(report, bundle), ...openLeadLines(report.leads ?? [], bundle)];
}

function imageLines({ lock, discovered }: DiscoveredReport, bundle: string): string[] {
  if (discovered === undefined) return lockedLines(lock);
  if (discovered.length === 0) return [];
  const counts = countsOf(discovered);
  const parts = [
    `${counts.included} included`,
    ...(counts.wanted > 0 ? [`${counts.wanted} wanted anyway`] : []),
    ...(counts.waived > 0 ? [`${counts.waived} waived`] : []),
    ...(counts.listed > 0 ? [`${counts.listed} only listed`] : []),
  ];
  const more = counts.listed > 0 ? `; gapferry images ${bundle} shows each` : '';
  const namers = namersOf(discovered.flatMap(({ namedBy }) => namedBy));
  return [`${namers} name ${discovered.length} image(s): ${parts.join(', ')}${more}`, ...leftOut(discovered)];
}

function lockedLines(lock: Lock): string[] {
  const { waived = [] } = lock;
  const left = waived.map(waivableOf).slice(0, SHOWN);
  return [
    ...lockedImages(lock),
    ...lockedReferences(lock),
    ...left.map(({ kind, name }) => printable(`  waived    ${kind === 'image' ? '' : `${kind} `}${name}`)),
  ];
}

function lockedImages({ pins, waived = [] }: Lock): string[] {
  const images = pins.filter((pin) => pin.kind === 'image');
  const named = images.flatMap(({ namedBy }) => (namedBy === undefined ? [] : [namedBy]));
  const left = waived.flatMap((one) => ('image' in one ? [one.namedBy] : []));
  if (named.length + left.length === 0) return [];
  const also = left.length > 0 ? `, ${left.length} waived` : '';
  const namers = namersOf([...named, ...left].flat());
  return [
    `${namers} name ${named.length + left.length} image(s) by the lock: ${named.length} in the release${also}`,
  ];
}

function lockedReferences({ pins, waived = [] }: Lock): string[] {
  const named = pins.filter(
    (pin) => (pin.kind === 'chart' || pin.kind === 'git') && pin.namedBy !== undefined,
  );
  const left = waived.filter((one) => !('image' in one)).length;
  if (named.length + left === 0) return [];
  const also = left > 0 ? `, ${left} waived` : '';
  return [
    `repositories point to ${named.length + left} chart(s) and repositories by the lock: ${named.length} in the release${also}`,
  ];
}

const NAMERS: Readonly<Record<string, string>> = { git: 'repositories', image: 'artifacts' };

function namersOf(namedBy: readonly NamedBy[]): string {
  const kinds = new Set(namedBy.map(({ item }) => NAMERS[item.slice(0, item.indexOf(' '))] ?? 'charts'));
  return [...kinds]
    .sort()
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ');
}

/** What is merely possible is too much to read here. */
function leftOut(discovered: readonly DiscoveredImage[]): string[] {
  const missed = discovered.filter(
    ({ outcome, confidence }) => outcome === 'waived' || (outcome === 'listed' && confidence !== 'possible'),
  );
  const lines = missed
    .slice(0, SHOWN)
    .map(({ outcome, image, reason }) => printable(`  ${outcome.padEnd(8)}  ${image}: ${reason}`));
  return missed.length > SHOWN ? [...lines, `  and ${missed.length - SHOWN} more`] : lines;
}

/** The same for `--json`. */
export function discoveredJson({ lock, discovered, leads = [] }: DiscoveredReport): {
  readonly discovered: object;
} {
  if (discovered !== undefined)
    return {
      discovered: { ...countsOf(discovered), images: discovered, leadCounts: leadCounts(leads), leads },
    };
  const named = lock.pins.filter((pin) => pin.kind !== 'file' && pin.namedBy !== undefined).length;
  return { discovered: { byLock: true, named, waived: lock.waived?.length ?? 0 } };
}

export function countsOf(
  discovered: readonly DiscoveredImage[],
): Readonly<Record<DiscoveredImage['outcome'], number>> {
  const count = (outcome: DiscoveredImage['outcome']): number =>
    discovered.filter((image) => image.outcome === outcome).length;
  return {
    included: count('included'),
    wanted: count('wanted'),
    waived: count('waived'),
    listed: count('listed'),
    failed: count('failed'),
  };
}
