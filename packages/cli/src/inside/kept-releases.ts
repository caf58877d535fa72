import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, GapferryError, hexOf } from '@gapferry/core';

/** A release of which the site keeps what it needs without the medium. Its names are unjudged: the first gate compares them with what is signed. */
export interface KeptRelease {
  readonly channel: string;
  readonly sequence: number;
  /** First 12 hex digits of the release's statement. */
  readonly id: string;
  readonly directory: string;
}

/** Where a site keeps a release: `<state>/releases/<channel>/<number>-<first 12 hex digits of the statement>/`, a depot with the signed release and the few small blobs of it that its names need. */
export function keptDirectory(
  stateDirectory: string,
  {
    channel,
    sequence,
    statement,
  }: { readonly channel: string; readonly sequence: number; readonly statement: Digest },
): string {
  return join(stateDirectory, 'releases', channel, `${sequence}-${shortOf(statement)}`);
}

function shortOf(statement: Digest): string {
  return hexOf(statement).slice(0, 12);
}

const CHANNEL = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const NAME = /^([1-9][0-9]{0,15})-([0-9a-f]{12})$/;

/** Every release that is kept whole, sorted by channel, then number. What a killed process left unfinished is none. Links and foreign names are passed over. */
export async function readKeptReleases(stateDirectory: string): Promise<KeptRelease[]> {
  const root = join(stateDirectory, 'releases');
  const kept: KeptRelease[] = [];
  for (const channel of await directoriesIn(root, CHANNEL))
    for (const name of await directoriesIn(join(root, channel), NAME)) {
      const [, number = '', id = ''] = NAME.exec(name) ?? [];
      const directory = join(root, channel, name);
      // Written last, by a rename.
      const whole = await isDirectory(join(directory, 'releases', channel, number));
      if (whole) kept.push({ channel, sequence: Number(number), id, directory });
    }
  return kept.sort(byNumber);
}

async function directoriesIn(path: string, wanted: RegExp): Promise<string[]> {
  if (!(await isDirectory(path))) return [];
  const names = (await readdir(path)).filter((name) => wanted.test(name)).sort();
  const found = await Promise.all(names.map((name) => isDirectory(join(path, name))));
  return names.filter((_, i) => found[i]);
}

/** Itself, not what a link leads to. */
async function isDirectory(path: string): Promise<boolean> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return facts?.isDirectory() === true;
}

function byNumber(one: KeptRelease, other: KeptRelease): number {
  if (one.channel !== other.channel) return one.channel < other.channel ? -1 : 1;
  return one.sequence - other.sequence || (one.id < other.id ? -1 : 1);
}

/** Which kept release is meant. */
export interface WantedKept {
  readonly channel: string;
  readonly sequence?: number;
  readonly statement?: Digest | undefined;
}

/** The one that fits; of two with one number the one with the statement, where it is given. Throws `RELEASE_NOT_FOUND`, saying what is kept, and `RELEASE_AMBIGUOUS`. */
export async function findKeptRelease(stateDirectory: string, wanted: WantedKept): Promise<KeptRelease> {
  const all = (await readKeptReleases(stateDirectory)).filter(({ channel }) => channel === wanted.channel);
  const { sequence, statement } = wanted;
  const fitting = all.filter((kept) => kept.sequence === (sequence ?? kept.sequence));
  const exact = statement === undefined ? fitting : fitting.filter(({ id }) => id === shortOf(statement));
  const [one, other] = exact;
  if (one === undefined) throw notKept(all, wanted);
  if (other === undefined) return one;
  throw new GapferryError({
    code: 'RELEASE_AMBIGUOUS',
    message: `the site keeps several releases of channel ${wanted.channel} that could be meant: ${exact.map(nameOf).join(', ')}`,
    hint: 'name one by its number',
    origin: 'site',
  });
}

function nameOf({ channel, sequence, id }: KeptRelease): string {
  return `${channel}/${sequence} (${id})`;
}

function notKept(all: readonly KeptRelease[], { channel, sequence, statement }: WantedKept): GapferryError {
  const number = sequence === undefined ? '' : ` number ${sequence}`;
  const which = statement === undefined ? '' : ` (${shortOf(statement)})`;
  const kept = all.slice(-20).map(nameOf).join(', ');
  return new GapferryError({
    code: 'RELEASE_NOT_FOUND',
    message: `the site keeps no release${number}${which} of channel ${channel}; it keeps ${kept === '' ? 'none of it' : kept}`,
    hint: 'an import keeps what its release needs later: import that release from its medium, with --stage to set no names yet',
    origin: 'site',
    data: { channel, kept: all.map(({ sequence: number, id }) => ({ sequence: number, id })) },
  });
}
