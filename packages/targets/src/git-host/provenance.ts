import { aboutChange, type RepositoryAbout } from '@gapferry/core';
import type { HostedRepository, LoadedRelease, RepositoryFacts } from './git-host.ts';

const MARK = 'loaded by gapferry';
const SEPARATOR = ' — ';
/** Hosts take 2,000 characters, 1,000 of them are what upstream says. */
const MOST = 950;

/** The description of a repository that was loaded: what upstream says of it, where it comes from, and with which release. */
export function describeRepository(source: string | undefined, release: LoadedRelease, text = ''): string {
  const loaded = `${MARK} with ${release.channel} ${release.version} (release ${release.sequence})`.slice(
    0,
    MOST,
  );
  const from = source === undefined ? '' : `Mirror of ${source}, `;
  const origin = from.length + loaded.length > MOST ? loaded : `${from}${loaded}`;
  return text === '' ? origin : `${text}${SEPARATOR}${origin}`;
}

const DESCRIBED = /^(?:(.*) — )?(?:Mirror of \S+, )?loaded by gapferry with .+ \(release \d+\)$/s;

/** What a host says of a repository, without our own part of the description. */
export function aboutThere({ description = '', homepage, topics }: RepositoryFacts): RepositoryAbout {
  const text = textOf(description);
  return {
    ...(text !== '' && { description: text }),
    ...(homepage !== undefined && homepage !== '' && { homepage }),
    ...(topics !== undefined && topics.length > 0 && { topics: topics.toSorted() }),
  };
}

function textOf(description: string): string {
  const found = DESCRIBED.exec(description);
  return found === null ? description.trim() : (found[1] ?? '');
}

/** What the repository is to say of itself. */
export interface WantedAbout {
  readonly source?: string | undefined;
  readonly release: LoadedRelease;
  readonly about: RepositoryAbout;
  /** What was set before: what is neither that nor nothing is somebody else's, and stays. */
  readonly left: readonly RepositoryAbout[];
}

/** What is set besides refs and HEAD, and whether it is more than our own part of the description. */
export function describeAnew(
  hosted: HostedRepository,
  { source, release, about, left }: WantedAbout,
): { readonly facts: Omit<RepositoryFacts, 'head'>; readonly saysOther: boolean } {
  const there = aboutThere(hosted);
  const { description: text, ...others } = aboutChange(about, there, left) ?? {};
  const description = describeRepository(source, release, text ?? there.description);
  const isOurs = text !== undefined || !isForeign(hosted, there.description, [about, ...left]);
  return {
    facts: { ...others, ...(isOurs && description !== hosted.description && { description }) },
    saysOther: text !== undefined || Object.keys(others).length > 0,
  };
}

/** Somebody's own words have no part of ours behind them, or are others than upstream's. */
function isForeign(
  { description = '' }: HostedRepository,
  text: string | undefined,
  said: readonly RepositoryAbout[],
): boolean {
  if (text === undefined) return false;
  return !DESCRIBED.test(description) || !said.some((about) => about.description === text);
}
