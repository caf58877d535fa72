import type { NamedBy } from '@gapferry/core';

/** What a chain leads over: what names an item, and the line of bundle.yaml that wants it. */
export interface ChainLink {
  /** In words, where bundle.yaml itself wants the item and it was looked into. */
  readonly wish?: string;
  readonly namedBy: readonly NamedBy[];
}

/** Links of a chain that are shown. */
const LINKS = 10;
const TEXT = 300;

/** `image X ← chart Y ← git Z ← wish "…"`: the shortest way from what is named to a line of bundle.yaml. `links`: by kind and id. */
export function shortestChain(
  name: string,
  namedBy: readonly NamedBy[],
  links: ReadonlyMap<string, ChainLink>,
): string {
  return shown([name, ...wayFrom(namedBy, links)]);
}

/** Level by level, so that the first way that is found is a shortest one. */
function wayFrom(namedBy: readonly NamedBy[], links: ReadonlyMap<string, ChainLink>): string[] {
  const seen = new Set<string>();
  let ways = itemsOf(namedBy).map((item) => [item]);
  const [first = []] = ways;
  while (ways.length > 0) {
    const next: string[][] = [];
    for (const way of ways) {
      const item = way.at(-1) ?? '';
      if (seen.has(item)) continue;
      seen.add(item);
      const link = links.get(item);
      if (link?.wish !== undefined) return [...way, `wish "${link.wish}"`];
      for (const namer of itemsOf(link?.namedBy ?? [])) if (!seen.has(namer)) next.push([...way, namer]);
    }
    ways = next;
  }
  return first;
}

function itemsOf(namedBy: readonly NamedBy[]): string[] {
  return [...new Set(namedBy.map(({ item }) => item))].sort();
}

function shown(chain: readonly string[]): string {
  const half = LINKS / 2;
  const parts =
    chain.length <= LINKS
      ? chain
      : [...chain.slice(0, half), `… (${chain.length - LINKS} more)`, ...chain.slice(-half)];
  return parts.map((part) => (part.length > TEXT ? `${part.slice(0, TEXT)}…` : part)).join(' ← ');
}
