import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobReader,
  GapferryError,
  type GitContent,
  type GitRef,
  isGapferryError,
  type Run,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { createBare } from '../bare-repository.ts';
import type { GitSetting } from '../git-environment.ts';
import { type RemoteOptions, type RemoteSurroundings, remoteSurroundings } from '../git-remote.ts';
import { createGit, type Git } from '../git-tool.ts';
import { discardKept, type KeptPacks, keptPacksOf, sweepKept } from '../kept-packs.ts';
import { unpackQuarantine } from '../quarantine.ts';
import { type RetryOptions, retryTrips } from '../retry-trips.ts';
import { directoryOf } from './file-place.ts';
import { mayPushByTrial, mayPushOverHttp, mayWrite, type PushRight } from './may-push.ts';
import { fromTarget, isRefused } from './push-failure.ts';
import { pushRefs, type RefPush } from './push-refs.ts';
import { pushByRequest } from './receive-pack.ts';
import { askForRefs, type RemoteRefs, readRemoteRefs } from './remote-refs.ts';
import { MOST_AT_ONCE, type SendObjects, sendObjects } from './send-objects.ts';
import { PUSH_SILENCE_MS } from './silence.ts';
import { commitsForward, knownIds, sizeBetween, tipsOf } from './staged-objects.ts';

export interface GitPusherOptions extends RemoteOptions, RetryOptions {
  /** Where packs are unpacked before they are pushed; nobody else uses it. */
  readonly workDirectory: string;
  /** Where unpacked packs are kept for the next release, below a directory for each repository; may be deleted at any time. Nothing is kept otherwise. */
  readonly keptDirectory?: string;
  readonly git?: Git;
  /** Lists refs, and sets very many, over HTTP by itself: git's own helper is slow at the one and cannot do the other; it has the same credentials and speaks to the same host. Without it git does it, however long that takes. */
  readonly http?: HttpClient;
  /** From how many refs on; for tests. */
  readonly manyRefs?: number;
}

/** Git repositories at other hosts, as places that are pushed to. Redirects are not followed and no proxy is used: nobody is spoken to but the host of the URL. */
export interface GitPusher {
  /** Undefined where there is no repository. */
  list(url: string, run: Run): Promise<RemoteRefs | undefined>;
  /** Would a push to a repository that is there be let in? A `file:` URL may name one that is yet to be made. Changes nothing. */
  mayPush(url: string, run: Run): Promise<PushRight>;
  /** For `file:` URLs only: an empty bare repository whose HEAD is `head`. */
  create(url: string, objectFormat: 'sha1' | 'sha256', head: string | undefined, run: Run): Promise<void>;
  /** For `file:` URLs only. */
  setHead(url: string, head: string, run: Run): Promise<void>;
  /** Unpacks what a release has of a repository and proves it. Throws like `unpackQuarantine`. */
  stage(content: GitContent, from: BlobReader, run: Run): Promise<GitStage>;
  /** The same of what a host has under some refs, brought here: for whoever sets refs to what the host has already. Throws `TARGET_CONFLICT` when a ref is something else by now. */
  mirror(url: string, refs: readonly GitRef[], run: Run): Promise<GitStage>;
  /** Deletes refs, all or none, each only where it stands at its object. Throws what `pushRefs` throws. */
  remove(url: string, refs: readonly GitRef[], run: Run): Promise<void>;
  /** Removes what killed runs left, and packs of repositories that nobody brings any more. */
  sweep(): Promise<void>;
}

/** What a release has of one repository, unpacked and proved. One push at a time. */
export interface GitStage {
  /** Which of these objects the release has. */
  known(oids: Iterable<string>, run: Run): Promise<ReadonlySet<string>>;
  /** Commits that `to` has beyond `from`; undefined where `from` is not in the history of `to`. */
  forward(from: string, to: string, run: Run): Promise<number | undefined>;
  /** About how many bytes bring `wanted` to somebody who has `have`. */
  size(wanted: readonly string[], have: Iterable<string>, run: Run): Promise<number>;
  /** The fewest commits that reach everything of `wanted` that `have` does not. */
  tips(wanted: readonly string[], have: Iterable<string>, run: Run): Promise<readonly string[]>;
  /** See `sendObjects`. False where the host takes no refs of such names: nothing was sent. */
  send(url: string, objects: ObjectsToSend, run: Run): Promise<number | false>;
  /** See `pushRefs`. */
  push(url: string, pushes: readonly RefPush[], run: Run): Promise<void>;
  /** Brings what stands at a host under these refs here, so that it can be pushed under another name. Throws `TARGET_CONFLICT` when a ref is something else by now. */
  fetch(url: string, refs: readonly GitRef[], run: Run): Promise<void>;
  discard(): Promise<void>;
}

export type ObjectsToSend = Pick<SendObjects, 'item' | 'prefix'> & {
  readonly oids: readonly string[];
  readonly have: Iterable<string>;
};

export function gitPusher(options: GitPusherOptions): GitPusher {
  const git = options.git ?? createGit();
  const reach = (url: string): Promise<RemoteSurroundings> => surroundingsOf(url, options);
  const reading = async (url: string): Promise<RemoteSurroundings> => {
    const remote = await reach(url);
    // Before sshd says a word it looks up names and asks for accounts, which takes long where nobody answers that.
    if (remote.protocol === 'ssh') return remote;
    return { ...remote, idleTimeoutMs: options.readingTimeoutMs ?? remote.idleTimeoutMs };
  };
  const limits = new Map<string, { bytes: number }>();
  return {
    list: async (url, run) => {
      if (options.http !== undefined && /^https?:/i.test(url))
        return await askForRefs(options.http, url, run);
      const remote = await reading(url);
      return await retryTrips(url, url, options, run, () => readRemoteRefs(git, url, remote, run));
    },
    mayPush: async (url, run) => await mayPush(git, url, options, reading, run),
    create: async (url, objectFormat, head, run) => {
      await createBare(git, directoryOf(url), objectFormat, [], run);
      if (head !== undefined) await setHead(git, url, head, run);
    },
    setHead: (url, head, run) => setHead(git, url, head, run),
    stage: async (content, from, run) => {
      const { item, packs, refs, objectFormat } = content;
      const directory = options.workDirectory;
      const { keptDirectory } = options;
      const kept = keptDirectory === undefined ? undefined : keptPacksOf(keptDirectory, item);
      const unpacking = { item, packs, refs, objectFormat, directory, from, ...(kept && { kept }) };
      const staging = await unpackQuarantine(git, unpacking, run);
      return openStage({ git, staging, options, reach, limits, ...(kept && { kept }) });
    },
    mirror: (url, refs, run) => mirror({ git, options, reach, limits }, url, refs, run),
    remove: (url, refs, run) => remove({ git, options, reach, limits }, url, refs, run),
    sweep: async () => {
      await rm(options.workDirectory, { recursive: true, force: true });
      if (options.keptDirectory !== undefined) await sweepKept(options.keptDirectory);
    },
  };
}

async function mayPush(
  git: Git,
  url: string,
  { http, workDirectory }: GitPusherOptions,
  reach: (url: string) => Promise<RemoteSurroundings>,
  run: Run,
): Promise<PushRight> {
  if (url.startsWith('file:')) return await mayWrite(url);
  if (http !== undefined && /^https?:/i.test(url)) return await mayPushOverHttp(http, url, run);
  return await mayPushByTrial(git, { url, remote: await reach(url), workDirectory }, run);
}

interface Staging {
  readonly git: Git;
  readonly staging: string;
  readonly options: GitPusherOptions;
  readonly reach: (url: string) => Promise<RemoteSurroundings>;
  /** What a host was found to take at once, by origin. */
  readonly limits: Map<string, { bytes: number }>;
  readonly kept?: KeptPacks;
}

async function remove(
  from: Omit<Staging, 'staging' | 'kept'>,
  url: string,
  refs: readonly GitRef[],
  run: Run,
): Promise<void> {
  const stage = await emptyStage(from, refs, run);
  try {
    await stage.push(
      url,
      refs.map(({ name, oid }) => ({ name, lease: { oid } })),
      run,
    );
  } finally {
    await stage.discard();
  }
}

/** With object ids like those of these refs. */
async function emptyStage(
  from: Omit<Staging, 'staging' | 'kept'>,
  refs: readonly GitRef[],
  run: Run,
): Promise<GitStage> {
  const staging = join(from.options.workDirectory, randomUUID());
  const format = refs.some(({ oid }) => oid.length === 64) ? 'sha256' : 'sha1';
  await createBare(from.git, staging, format, [], run);
  return openStage({ ...from, staging });
}

async function mirror(
  from: Omit<Staging, 'staging' | 'kept'>,
  url: string,
  refs: readonly GitRef[],
  run: Run,
): Promise<GitStage> {
  const stage = await emptyStage(from, refs, run);
  try {
    await stage.fetch(url, refs, run);
    return stage;
  } catch (error) {
    await stage.discard();
    throw error;
  }
}

function openStage(stage: Staging): GitStage {
  const { git, staging } = stage;
  return {
    known: (oids, run) => knownIds(git, staging, oids, run),
    forward: (from, to, run) => commitsForward(git, staging, from, to, run),
    size: async (wanted, have, run) =>
      sizeBetween(git, staging, wanted, await knownIds(git, staging, have, run), run),
    tips: async (wanted, have, run) =>
      tipsOf(git, staging, wanted, await knownIds(git, staging, have, run), run),
    send: (url, objects, run) => distrusting(stage, () => send(stage, url, objects, run)),
    push: (url, pushes, run) => distrusting(stage, () => push(stage, url, pushes, run)),
    fetch: (url, refs, run) => fetchRefs(stage, url, refs, run),
    discard: () => rm(staging, { recursive: true, force: true }),
  };
}

/** A push that fails for no reason that lies in refs or on the way may come from kept packs that are damaged: the next run unpacks everything. Whatever they are, the host hashes what it is sent. */
async function distrusting<T>({ kept }: Staging, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const isSuspect = isGapferryError(error, 'GIT_FAILED') || isGapferryError(error, 'FORBIDDEN');
    if (kept !== undefined && isSuspect) await discardKept(kept);
    throw error;
  }
}

/** git's HTTP helper compares each ref with every other one: 5,000 take it half a minute. */
const MANY_REFS = 2000;

async function push(
  { git, staging, options, reach }: Staging,
  url: string,
  pushes: readonly RefPush[],
  run: Run,
): Promise<void> {
  const place = { staging, url, remote: await reach(url) };
  const { http, manyRefs = MANY_REFS } = options;
  const isMany = pushes.length >= manyRefs && place.remote.protocol.startsWith('http');
  if (http !== undefined && isMany) await pushByRequest(git, http, place, pushes, run);
  else await pushRefs(git, place, pushes, run);
}

async function send(
  { git, staging, options, reach, limits }: Staging,
  url: string,
  { item, prefix, oids, have }: ObjectsToSend,
  run: Run,
): Promise<number | false> {
  const origin = url.slice(0, url.indexOf('/', url.indexOf('://') + 3));
  const limit = limits.get(origin) ?? { bytes: MOST_AT_ONCE };
  limits.set(origin, limit);
  const sending: SendObjects = {
    place: { staging, url, remote: await reach(url) },
    item,
    prefix,
    have: new Set(await knownIds(git, staging, have, run)),
    limit,
    retry: options,
  };
  try {
    return await sendObjects(git, sending, oids, run);
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}

async function fetchRefs(
  { git, staging, reach }: Staging,
  url: string,
  refs: readonly GitRef[],
  run: Run,
): Promise<void> {
  if (refs.length === 0) return;
  const remote = await reach(url);
  const args = [
    'fetch',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--refmap=',
    '--progress',
    '--stdin',
    '--',
    url,
  ];
  // Several may stand at one object, and nothing is fetched into one place twice.
  const places = new Map(refs.map(({ name, oid }) => [oid, name]));
  const input = [...places].map(([oid, name]) => `+${name}:refs/gapferry/there/${oid}\n`).join('');
  try {
    await git.run({ ...remote, repository: staging, doing: `fetch what stands at ${url}`, args, input }, run);
  } catch (error) {
    throw fromTarget(error, 'read');
  }
  const known = await knownIds(
    git,
    staging,
    refs.map(({ oid }) => oid),
    run,
  );
  const lost = refs.find(({ oid }) => !known.has(oid));
  if (lost !== undefined) throw movedOn(url, lost);
}

function movedOn(url: string, { name, oid }: GitRef): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `${name} of ${url} does not stand at ${oid} any more`,
    hint: 'somebody changed it since the plan was made: look at it, then plan again',
    data: { url, ref: name },
  });
}

async function setHead(git: Git, url: string, head: string, run: Run): Promise<void> {
  const repository = directoryOf(url);
  await git.run({ repository, doing: `set HEAD of ${url}`, args: ['symbolic-ref', 'HEAD', head] }, run);
}

async function surroundingsOf(url: string, options: GitPusherOptions): Promise<RemoteSurroundings> {
  const idleTimeoutMs = options.idleTimeoutMs ?? PUSH_SILENCE_MS;
  const remote = await remoteSurroundings(url, { ...options, idleTimeoutMs }, options.workDirectory);
  const more: GitSetting[] = [
    ['http.followRedirects', 'false'],
    ['http.proxy', ''],
  ];
  return { ...remote, settings: [...remote.settings, ...more] };
}
