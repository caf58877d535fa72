import { isFiltered } from '@gapferry/bundle';
import type { Collected, CollectedItem } from '@gapferry/collector';
import { formatReleaseAddress, printable, shortDigest } from '@gapferry/core';
import { contentLines, filteredNote, formatBytes } from '@gapferry/report';
import { discoveredLines } from './discovered-text.ts';

/** What a collect did, for people: the release, what came for each item, and the sums. */
export function formatCollected(collected: Collected, bundle: string, depot: string, now: Date): string {
  const { kind, address, release, statement, items } = collected;
  const name = `release ${release.version} (${formatReleaseAddress(address)})`;
  const first =
    kind === 'sealed'
      ? `sealed ${name}, statement ${shortDigest(statement)}`
      : `nothing changed since ${name}; nothing was sealed`;
  return [
    first,
    ...items.filter(({ outcome }) => outcome === 'fetched').map(itemLine),
    ...reusedLine(items),
    ...contentLines(collected.manifest, now),
    ...discoveredLines(collected, bundle),
    totalsLine(collected),
    ...(kind === 'sealed' ? filteredLine(collected) : []),
    ...(kind === 'sealed' ? [`next: gapferry export ${depot} --to <stick>`] : []),
  ].join('\n');
}

function itemLine({ kind, id, fetchedBytes, reusedBytes, retries }: CollectedItem): string {
  const parts = [
    `fetched ${formatBytes(fetchedBytes)}`,
    ...(reusedBytes > 0 ? [`reused ${formatBytes(reusedBytes)}`] : []),
    ...(retries > 0 ? [`tried again ${retries} time(s)`] : []),
  ];
  return `  ${kind} ${printable(id)}: ${parts.join(', ')}`;
}

/** A second collect of 500 items is mostly this one line. */
function reusedLine(items: readonly CollectedItem[]): string[] {
  const reused = items.filter(({ outcome }) => outcome === 'reused').length;
  return reused === 0 ? [] : [`  ${reused} item(s): all was there`];
}

/** Known outside before anybody inside wonders about another digest. */
function filteredLine({ manifest }: Collected): string[] {
  const note = filteredNote(manifest.items.filter(isFiltered).length);
  return note === undefined ? [] : [note];
}

/** What was fetched was hashed on its way, so that fetched is verified. */
function totalsLine({ items, manifest, totals }: Collected): string {
  const retries = items.reduce((sum, item) => sum + item.retries, 0);
  const checks = manifest.items.reduce(
    (sum, item) => sum + (item.kind === 'file' ? 0 : (item.checked?.length ?? 0)),
    0,
  );
  const parts = [
    `fetched and verified ${formatBytes(totals.fetchedBytes)}`,
    `reused ${formatBytes(totals.reusedBytes)}`,
    ...(checks > 0 ? [`${checks} upstream check(s) met`] : []),
    ...(retries > 0 ? [`${retries} trip(s) made again`] : []),
  ];
  return `${totals.items} item(s), ${totals.blobs} blob(s), ${formatBytes(totals.bytes)}: ${parts.join(', ')}`;
}
