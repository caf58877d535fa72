import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import type { GitSetting } from '../git-environment.ts';
import type { RemoteSurroundings } from '../git-remote.ts';
import type { Git, GitCommand } from '../git-tool.ts';
import { pushFailure, rejectedIn } from './push-failure.ts';
import { bytesSent, workingSilence } from './silence.ts';

/** What one ref of a remote shall become. */
export interface RefPush {
  /** Full name there. */
  readonly name: string;
  /** Left out: the ref goes. */
  readonly oid?: string;
  /** What must stand there for the push to count; without `oid` it must not be there. Left out: the ref is created or moved forward, goes, or stands there already. */
  readonly lease?: { readonly oid?: string };
  /** It is created or moved forward, and loses nothing: of very many refs these go without their lease. */
  readonly isForward?: boolean;
}

export interface PushPlace {
  /** A bare repository of our own, with every object of the push; what its refs are is lost. Not to be used by two pushes at once. */
  readonly staging: string;
  readonly url: string;
  readonly remote: RemoteSurroundings;
}

/** git hands the leases to its HTTP helper as arguments of a process, and those have an end (2 MiB on Linux). Of more than so many, refs that are created or moved forward go without. */
const MOST_LEASES = 5000;
/** Refs that lose something never go without. */
const MOST_STRICT = 10_000;
const MOST_BYTES = 67_108_864;

/** Sets all refs or none (`git push --atomic`), each only from what its lease says. No hook is run here, and none of a repository on this machine. Throws `TARGET_CONFLICT` for a lease
 *  that does not hold, `FORBIDDEN` for refs that the host refuses (`isRefused`) and for a body that is too large (`isTooLarge`), and what a failed trip throws. After a failed trip
 *  nobody knows whether the refs were set. */
export async function pushRefs(
  git: Git,
  { staging, url, remote }: PushPlace,
  pushes: readonly RefPush[],
  run: Run,
): Promise<void> {
  if (pushes.length === 0) return;
  const config = await writeWanted(staging, url, pushes);
  const { status, text, complaint } = await git.run(
    {
      ...remote,
      repository: staging,
      doing: `push to ${url}`,
      args: [
        'push',
        '--porcelain',
        '--atomic',
        '--progress',
        '--no-verify',
        '--no-signed',
        '--no-follow-tags',
        '--recurse-submodules=no',
        ...leasesOf(pushes, url),
        '--',
        'target',
      ],
      settings: [...remote.settings, ...(remote.protocol === 'file' ? LOCAL : []), ['include.path', config]],
      ...watched(remote, pushes),
      accept: [1, 128],
    },
    run,
    MOST_BYTES,
  );
  if (status !== 0) throw pushFailure(url, status, rejectedIn(text), complaint);
}

/** Every packet that comes and goes is heard (`GIT_TRACE_PACKET`), also those by which a server says that it is still there, which git itself passes over. Not by `http.lowSpeedTime`: it
 *  knows no phases, and five bytes in five seconds are too slow for it. */
function watched(
  { idleTimeoutMs, variables }: RemoteSurroundings,
  pushes: readonly RefPush[],
): Pick<GitCommand, 'idleTimeoutMs' | 'patience' | 'listens' | 'variables'> {
  const refs = pushes.length;
  const sendsObjects = pushes.some(({ oid }) => oid !== undefined);
  return {
    // git here compares refs and leases one by one, and says nothing meanwhile.
    idleTimeoutMs: workingSilence({ refs, bytes: 0 }, idleTimeoutMs),
    listens: true,
    variables: { ...variables, GIT_TRACE_PACKET: '3' },
    patience(said) {
      const bytes = sendsObjects ? bytesSent(said) : 0;
      return bytes === undefined ? undefined : workingSilence({ refs, bytes }, idleTimeoutMs);
    },
  };
}

/** Hooks of a repository on this machine would run as whoever imports; what is pushed to it is on disk when git says so. */
const LOCAL: readonly GitSetting[] = [
  [
    'remote.target.receivepack',
    'git -c core.hooksPath=/dev/null -c core.fsync=all -c receive.autogc=false receive-pack',
  ],
];

const WANTED = 'refs/gapferry/push';

/** As `packed-refs` and one pattern: a hundred thousand refs are one write here and one look-up there. Names and address go through a file, which has no limit of length. */
async function writeWanted(staging: string, url: string, pushes: readonly RefPush[]): Promise<string> {
  const wanted = pushes.flatMap(({ name, oid }) =>
    oid === undefined ? [] : [`${oid} ${WANTED}${name.slice('refs'.length)}\n`],
  );
  await writeFile(join(staging, 'packed-refs'), wanted.join(''));
  const gone = pushes.flatMap(({ name, oid }) =>
    oid === undefined ? [`\tpush = ${quoted(`:${name}`)}\n`] : [],
  );
  const pattern = wanted.length === 0 ? '' : `\tpush = ${quoted(`${WANTED}/*:refs/*`)}\n`;
  const file = join(staging, 'gapferry-push.config');
  await writeFile(file, `[remote "target"]\n\turl = ${quoted(url)}\n${pattern}${gone.join('')}`);
  return file;
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function leasesOf(pushes: readonly RefPush[], url: string): string[] {
  const leased = pushes.filter(({ lease }) => lease !== undefined);
  const chosen = leased.length <= MOST_LEASES ? leased : leased.filter(({ isForward }) => isForward !== true);
  if (chosen.length > MOST_STRICT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${chosen.length} refs of ${url} would lose what they stand at; at most ${MOST_STRICT} are pushed at once`,
      hint: 'was the whole repository replaced upstream? Move the one at the target away',
      origin: 'target',
    });
  return chosen.map(({ name, lease }) => `--force-with-lease=${name}:${lease?.oid ?? ''}`);
}
