import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobStore,
  GapferryError,
  type GitCarriage,
  type GitHolding,
  type GitPack,
  type GitPin,
  isGapferryError,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { readCuts } from '../cuts.ts';
import { compactMirror, discardMirror, type GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { basePack } from './base-pack.ts';
import { reasonToFold } from './chain-policy.ts';
import { increment } from './increment.ts';
import type { EarlyJudgements } from './judge-pack.ts';
import type { EarlyWalks } from './new-objects.ts';
import { type PackFile, readFileFrom } from './pack-file.ts';
import { recallPack, rememberCarried, rememberPack, rememberTwin } from './pack-record.ts';

export interface Packing {
  readonly git: Git;
  readonly mirror: GitMirror;
  readonly pin: GitPin;
  readonly into: BlobStore;
  /** Where unfinished packs lie. */
  readonly workDirectory: string;
  /** Brings everything that the pin reaches into the mirror. */
  readonly bring: () => Promise<void>;
  /** Of packs that have arrived, begun while the fetch still went on. */
  readonly early: EarlyJudgements & EarlyWalks;
  readonly run: Run;
}

/** One base pack with everything the pin's refs reach; the one that is in the store already, where it is known which that was. */
export async function packWhole(packing: Packing): Promise<GitHolding> {
  const { mirror, pin, into, run } = packing;
  const known = await recallPack(mirror, pin);
  if (known !== undefined && (await into.has(known, run))) {
    run.emit({ kind: 'bytes', item: pin.id, bytes: known.size, reused: true });
    return { ...holding(pin, [toGitPack(known, [])]), ...(await cutAt(packing)) };
  }
  await packing.bring();
  const base = await mendingMirror(packing, storeBase);
  return { ...holding(pin, [base]), ...(await cutAt(packing)) };
}

/** More cuts than a manifest takes. */
const MOST_CUTS = 1000;

async function cutAt({ mirror, pin }: Packing): Promise<Pick<GitHolding, 'shallow'>> {
  if (pin.depth === undefined) return {};
  const shallow = await readCuts(mirror.directory);
  if (shallow.length <= MOST_CUTS) return shallow.length === 0 ? {} : { shallow };
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `the history of ${pin.id} would be cut in ${shallow.length} places, more than ${MOST_CUTS}`,
    hint: 'name fewer refs, or leave out "depth"',
  });
}

/** The earlier packs and an increment; one base pack where nothing can be built on them, or where they would be too many. A history that is cut is packed as a whole each time: it is small. */
export async function packAfter(packing: Packing, earlier: GitCarriage): Promise<GitHolding> {
  const { pin, run } = packing;
  if (pin.depth !== undefined) return await packWhole(packing);
  await packing.bring();
  const chain = await mendingMirror(packing, (now) => extend(now, earlier));
  if (!('why' in chain)) {
    await rememberCarried(packing.mirror, pin);
    return holding(pin, chain.packs);
  }
  const base = await mendingMirror(packing, storeBase);
  run.emit({
    kind: 'warning',
    item: pin.id,
    message: `${pin.id} is packed as a whole again (${base.size} bytes), because ${chain.why}: this release sends it in full`,
  });
  return holding(pin, [base]);
}

async function extend(
  packing: Packing,
  earlier: GitCarriage,
): Promise<{ readonly packs: readonly GitPack[] } | { readonly why: string }> {
  const { git, mirror, pin, run, into, early } = packing;
  return await inNewDirectory(packing, async (directory) => {
    const made = await increment(git, mirror, { pin, earlier, directory, early }, run);
    if (made.kind === 'impossible') return { why: made.why };
    if (made.kind === 'nothing') return { packs: earlier.packs };
    const packs = [...earlier.packs, toGitPack(made.pack, made.prerequisites)];
    const why = reasonToFold(packs);
    if (why !== undefined) return { why };
    await store(into, made.pack, run);
    return { packs };
  });
}

async function storeBase(packing: Packing): Promise<GitPack> {
  const { git, mirror, pin, into, early, run } = packing;
  return await inNewDirectory(packing, async (directory) => {
    const pack = await basePack(git, mirror, { pin, directory, early }, run);
    await store(into, pack, run);
    await rememberPack(mirror, pin, pack);
    await rememberCarried(mirror, pin);
    // The mirror had gathered the packs of many fetches.
    if (pack.made !== undefined)
      await rememberTwin(mirror, pack, await compactMirror(mirror, pin, { path: pack.path, ...pack.made }));
    return toGitPack(pack, []);
  });
}

/** Packs again, once, with a mirror that was made again when the first lacks objects or has damaged ones. */
async function mendingMirror<T>(packing: Packing, pack: (packing: Packing) => Promise<T>): Promise<T> {
  const { mirror, pin, run, bring } = packing;
  try {
    return await pack(packing);
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    const message = `the mirror of ${pin.url} is made again: ${error.message}`;
    run.emit({ kind: 'warning', item: pin.id, message });
    await discardMirror(mirror);
    await bring();
    return await pack(packing);
  }
}

/** What a killed run left. */
export async function removeUnfinished(workDirectory: string): Promise<void> {
  await rm(join(workDirectory, 'packing'), { recursive: true, force: true });
}

async function inNewDirectory<T>(
  { workDirectory }: Packing,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = join(workDirectory, 'packing', randomUUID());
  await mkdir(directory, { recursive: true });
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The digest of a pack is known only when it is written, and a blob store wants to know it first; so it is read into the store, which hashes it again. */
async function store(into: BlobStore, pack: PackFile, run: Run): Promise<void> {
  const { digest, size, path } = pack;
  await into.put({ digest, size }, (from) => readFileFrom(path, from), run);
}

function toGitPack({ digest, size }: SizedDigest, prerequisites: readonly string[]): GitPack {
  return { digest, size, prerequisites };
}

function holding(pin: GitPin, packs: readonly GitPack[]): GitHolding {
  return { kind: 'git', pin, packs };
}
