import type { InsideRepository } from './inside-repository.ts';

/** What a submodule's relative URL becomes in a clone from inside, where the repositories lie otherwise than upstream, and where it should lead. */
export interface SubmoduleRewrite {
  /** As git makes it of the relative URL and the address of the clone. */
  readonly from: string;
  readonly to: string;
}

/** A submodule whose relative URL means another repository inside: only its superproject's own configuration can say where it is. */
export interface SubmoduleSetting {
  /** Address of the superproject inside. */
  readonly superproject: string;
  readonly name: string;
  readonly url: string;
}

export interface SubmoduleRewrites {
  /** Each once, sorted. */
  readonly rewrites: readonly SubmoduleRewrite[];
  readonly settings: readonly SubmoduleSetting[];
}

/** Rewrites for relative URLs in `.gitmodules` (git-submodule(1)), which git resolves against the address that the superproject was cloned from. A target that keeps upstream's layout needs none. */
export function submoduleRewrites(repositories: readonly InsideRepository[]): SubmoduleRewrites {
  const byUpstream = new Map(repositories.map((one) => [one.upstream, one]));
  const taken = new Set(repositories.map(({ url }) => plain(url)));
  const ways = repositories.flatMap((one) =>
    (one.submoduleOf ?? []).flatMap(({ upstream, name }) => {
      const parent = byUpstream.get(upstream);
      if (parent === undefined) return [];
      return relativeWays(parent, one).map((from) => ({
        from,
        to: toLike(from, one.url),
        parent,
        name,
        one,
      }));
    }),
  );
  const wrong = ways.filter(({ from, to }) => from !== to);
  const meant = Map.groupBy(wrong, ({ from }) => plain(from));
  const isClear = (from: string): boolean =>
    !taken.has(plain(from)) && new Set(meant.get(plain(from))?.map(({ one }) => one.url)).size === 1;
  const rewrites = wrong.filter(({ from }) => isClear(from)).map(({ from, to }) => ({ from, to }));
  const settings = wrong
    .filter(({ from }) => !isClear(from))
    .map(({ parent, name, one }) => ({ superproject: parent.url, name, url: one.url }));
  const unique = new Map(rewrites.map((one) => [one.from, one]));
  const guards = guardsOf([...unique.values()], repositories);
  return {
    rewrites: [...unique.values(), ...guards].sort((a, b) => (a.from < b.from ? -1 : 1)),
    settings: [...new Map(settings.map((one) => [`${one.superproject}\n${one.name}`, one])).values()],
  };
}

/** git compares the beginning of addresses and takes the longest that fits: what only begins like a submodule stays where it is. */
function guardsOf(
  rewrites: readonly SubmoduleRewrite[],
  repositories: readonly InsideRepository[],
): SubmoduleRewrite[] {
  return repositories
    .map(({ url }) => plain(url))
    .filter((url) => rewrites.some(({ from }) => url.startsWith(from) && url !== from))
    .map((url) => ({ from: url, to: url }));
}

/** What every relative URL that leads from one to the other upstream becomes inside: `../lib`, and the longer ways round. */
function relativeWays(parent: InsideRepository, child: InsideRepository): string[] {
  const [from, to, inside] = [parent.origin, child.origin, parent.url].map((url) => partsOf(url));
  if (from === undefined || to === undefined || inside === undefined || from.host !== to.host) return [];
  const ways: string[] = [];
  for (let kept = 0; kept < from.path.length && kept < to.path.length; kept += 1) {
    const ups = from.path.length - kept;
    if (ups <= inside.path.length) {
      const rest = [...inside.path.slice(0, inside.path.length - ups), ...to.path.slice(kept)];
      ways.push(`${inside.base}/${rest.join('/')}`);
    }
    if (from.path[kept] !== to.path[kept]) break;
  }
  return ways;
}

interface Parts {
  /** Scheme, user and host. */
  readonly base: string;
  readonly host: string;
  readonly path: readonly string[];
}

function partsOf(url: string | undefined): Parts | undefined {
  const [, base, host, path] = /^([a-z]+:\/\/(?:[^/@]*@)?([^/]*))\/(.+)$/.exec(url ?? '') ?? [];
  if (base === undefined || host === undefined || path === undefined) return undefined;
  return { base, host, path: path.replace(/\/+$/, '').split('/') };
}

/** With the ending that the relative URL has: git puts what follows it behind the new address. */
function toLike(from: string, url: string): string {
  return from.endsWith('.git') ? `${plain(url)}.git` : plain(url);
}

function plain(url: string): string {
  return url.replace(/\.git$/, '');
}
