import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobStore,
  canonicalBytes,
  digestOf,
  type GitHolding,
  type GitPin,
  type GitWish,
  hexOf,
  isDigest,
  isGapferryError,
  parseJson,
  type Run,
  type SizedDigest,
  type Source,
  type TreeReader,
  wishDigest,
} from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import { checkBasePack, readFileFrom, writeBasePack } from './base-pack.ts';
import { chooseRefs } from './choose-refs.ts';
import { discardMirror, fetchIntoMirror, type GitMirror, mirrorOf } from './git-mirror.ts';
import { type RemoteOptions, remoteSurroundings } from './git-remote.ts';
import { createGit, type Git } from './git-tool.ts';
import { gitIdentity, normalizeGitUrl } from './git-url.ts';
import { listRefs } from './list-refs.ts';
import { readTrees } from './read-trees.ts';
import { requireRefs } from './ref-name.ts';
import { type RetryOptions, retryTrips } from './retry-trips.ts';

export interface GitSourceOptions extends RemoteOptions, RetryOptions {
  /** Where mirrors and unfinished packs lie; kept between runs, may be deleted at any time between them. */
  readonly workDirectory: string;
  /** The git to use; `createGit()` otherwise. */
  readonly git?: Git;
}

/** Reads pinned trees from the mirror that fetching keeps as well. */
export interface GitSource extends Source<GitWish, GitPin, GitHolding>, TreeReader {}

/** Git repositories over HTTP(S), SSH and file: resolves the wished refs to object ids, and packs everything they reach into one base pack. */
export function gitSource(options: GitSourceOptions): GitSource {
  const git = options.git ?? createGit();
  const turns = new Map<string, LimitFunction>();
  const turnOf = ({ directory }: GitMirror): LimitFunction => {
    const turn = turns.get(directory) ?? pLimit(1);
    turns.set(directory, turn);
    return turn;
  };
  return {
    resolve: async (wish, run) => [await resolveRefs(git, wish, options, run)],
    fetch: (pin, into, run) => {
      const mirror = mirrorOf(options.workDirectory, pin);
      return turnOf(mirror)(() => fetchPin({ git, mirror, options, pin, into, run }));
    },
    readTrees: async function* (pin, run, only) {
      const mirror = mirrorOf(options.workDirectory, pin);
      await turnOf(mirror)(() => bringPin({ git, mirror, options, pin, run }));
      yield* readTrees(git, mirror, pin, run, only);
    },
  };
}

async function resolveRefs(git: Git, wish: GitWish, options: GitSourceOptions, run: Run): Promise<GitPin> {
  const url = normalizeGitUrl(wish.url);
  const id = wish.as ?? gitIdentity(url);
  const remote = await remoteSurroundings(url, options, options.workDirectory);
  const advertised = await retryTrips(id, url, options, run, () => listRefs(git, url, remote, run));
  const refs = chooseRefs(advertised, wish.refs, url);
  const objectFormat = refs[0]?.oid.length === 64 ? 'sha256' : 'sha1';
  requireRefs(refs, objectFormat, url);
  const head = refs.find(({ name }) => name === advertised.head)?.name;
  return {
    kind: 'git',
    id,
    wish: wishDigest(wish),
    url,
    objectFormat,
    refs,
    ...(head !== undefined && { head }),
  };
}

interface Fetching {
  readonly git: Git;
  readonly mirror: GitMirror;
  readonly options: GitSourceOptions;
  readonly pin: GitPin;
  readonly into: BlobStore;
  readonly run: Run;
}

/** Everything that the pin reaches, into the mirror. */
async function bringPin({ git, mirror, options, pin, run }: Omit<Fetching, 'into'>): Promise<void> {
  normalizeGitUrl(pin.url);
  requireRefs(pin.refs, pin.objectFormat, `the pin of ${pin.id}`);
  const remote = await remoteSurroundings(pin.url, options, options.workDirectory);
  await retryTrips(pin.id, pin.url, options, run, () => fetchIntoMirror(git, mirror, pin, remote, run));
}

/** A pin comes from a lock file, which somebody may have edited: it is judged like a wish. */
async function fetchPin(fetching: Fetching): Promise<GitHolding> {
  const { pin, into, run, mirror } = fetching;
  normalizeGitUrl(pin.url);
  requireRefs(pin.refs, pin.objectFormat, `the pin of ${pin.id}`);
  const known = await recallPack(mirror, pin);
  if (known !== undefined && (await into.has(known, run))) {
    run.emit({ kind: 'bytes', item: pin.id, bytes: known.size, reused: true });
    return holding(pin, known);
  }
  const pack = await packPin(fetching);
  await rememberPack(mirror, pin, pack);
  return holding(pin, pack);
}

async function packPin(fetching: Fetching): Promise<SizedDigest> {
  const { git, mirror, options, pin, run } = fetching;
  const remote = await remoteSurroundings(pin.url, options, options.workDirectory);
  await retryTrips(pin.id, pin.url, options, run, () => fetchIntoMirror(git, mirror, pin, remote, run));
  try {
    return await storePack(fetching);
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    // The mirror lacks or has damaged objects: made again, once.
    run.emit({
      kind: 'warning',
      item: pin.id,
      message: `the mirror of ${pin.url} is made again: ${error.message}`,
    });
    await discardMirror(mirror);
    await fetchIntoMirror(git, mirror, pin, remote, run);
    return await storePack(fetching);
  }
}

/** The digest of a pack is known only when it is written, and a blob store wants to know it first; so the pack is written, checked, and then read into the store, which hashes it again. */
async function storePack({ git, mirror, options, pin, into, run }: Fetching): Promise<SizedDigest> {
  const directory = join(options.workDirectory, 'packing', randomUUID());
  await mkdir(directory, { recursive: true });
  try {
    const pack = await writeBasePack(git, mirror, pin, join(directory, 'base.pack'), run);
    await checkBasePack(git, pack, pin, join(directory, 'check.git'), run);
    await into.put(pack, (from) => readFileFrom(pack.path, from), run);
    return { digest: pack.digest, size: pack.size };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function holding(pin: GitPin, { digest, size }: SizedDigest): GitHolding {
  return { kind: 'git', pin, packs: [{ digest, size, prerequisites: [] }] };
}

/** Which pack was made for these ids. Only a hint: the pack itself is in the store, checked by its digest, and the inside proves that it yields the refs. */
async function recallPack(mirror: GitMirror, pin: GitPin): Promise<SizedDigest | undefined> {
  const bytes = await readFile(recordPath(mirror, pin)).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const { digest, size } = parseJson(bytes, 'the record of a pack', {
    maxBytes: 4096,
    maxDepth: 4,
  }) as Partial<SizedDigest>;
  return isDigest(digest) && Number.isSafeInteger(size) && size !== undefined ? { digest, size } : undefined;
}

async function rememberPack(mirror: GitMirror, pin: GitPin, { digest, size }: SizedDigest): Promise<void> {
  const path = recordPath(mirror, pin);
  await mkdir(join(mirror.directory, 'gapferry-packs'), { recursive: true });
  await writeFile(`${path}.tmp`, canonicalBytes({ digest, size }));
  await rename(`${path}.tmp`, path);
}

function recordPath(mirror: GitMirror, pin: GitPin): string {
  const ids = [...new Set(pin.refs.map(({ oid }) => oid))].sort();
  return join(mirror.directory, 'gapferry-packs', `${hexOf(digestOf(canonicalBytes(ids)))}.json`);
}
