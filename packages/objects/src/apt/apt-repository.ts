import {
  APT_RELEASE_LIMIT,
  type AptDirectoryPin,
  type AptFileWish,
  type AptRelease,
  aptSuiteUrl,
  type BlobStore,
  type Digest,
  type DirectoryHolding,
  type FileVerifier,
  GapferryError,
  printable,
  type Run,
  readVerified,
  type SizedDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { listDigest, putDirectory, requirePinned } from '../directory-files.ts';
import { choosePackages } from './choose-packages.ts';
import { layOut, type Repository } from './lay-out.ts';
import { type OpenedIndex, openAnyForm } from './open-index.ts';
import { type AptPackage, MAX_PACKAGES, readPackages } from './read-packages.ts';
import { suiteIndexes } from './suite-indexes.ts';
import { askRelease, checkRelease, type ReleaseBytes, type SuiteRelease, sizedOf } from './suite-release.ts';
import { unpackIndex } from './unpack-index.ts';

/** Suites of APT repositories, as directories that are repositories themselves: their Release file and indexes as upstream signed them, and the packages that were chosen. */
export interface AptRepositories {
  resolve(wish: AptFileWish, digest: Digest, run: Run): Promise<AptDirectoryPin>;
  /** What was resolved; where upstream has a newer state by now, from what the store has of the pinned one. Throws `DIGEST_MISMATCH` where that is not enough. */
  fetch(pin: AptDirectoryPin, wish: AptFileWish, into: BlobStore, run: Run): Promise<DirectoryHolding>;
}

export interface AptMeans {
  readonly http: HttpClient;
  /** Who may sign, by `nameOfSigner`. */
  readonly verifiers: ReadonlyMap<string, FileVerifier>;
  /** Where given, a repository that was good until earlier is not resolved. */
  readonly now?: () => Date;
}

export function aptRepositories(means: AptMeans): AptRepositories {
  const known = new Map<string, Repository>();
  const keyOf = (wish: Digest, { digest }: SizedDigest): string => `${wish} ${digest}`;
  return {
    async resolve(wish, digest, run) {
      const suite = await checkRelease(await askRelease(means.http, wish, run), wish, means.verifiers, run);
      requireStillGood(suite.release, wish, means.now?.());
      const repository = await readRepository(means, wish, suite, undefined, run);
      const release = sizedOf(suite.bytes);
      known.set(keyOf(digest, release), repository);
      return {
        kind: 'file',
        id: `${wish.as}/`,
        wish: digest,
        url: aptSuiteUrl(wish.apt),
        release,
        ...(suite.signature && { signature: sizedOf(suite.signature) }),
        files: listDigest(repository.files),
      };
    },
    async fetch(pin, wish, into, run) {
      const repository =
        known.get(keyOf(pin.wish, pin.release)) ?? (await pinnedRepository(means, pin, wish, into, run));
      requirePinned(listDigest(repository.files), pin.files, `${aptSuiteUrl(wish.apt)} for ${pin.id}`);
      await putDirectory(pin.id, repository.files, async ({ path }) => repository.open(path), into, run);
      return { kind: 'file', pin, files: repository.files, checked: repository.checked };
    },
  };
}

/** Whoever holds an old state back can be told from upstream by this alone. */
function requireStillGood({ until }: AptRelease, { as }: AptFileWish, now: Date | undefined): void {
  if (now === undefined || until === undefined || now.getTime() <= Date.parse(until)) return;
  throw new GapferryError({
    code: 'CONTENT_TOO_OLD',
    message: `the repository ${as} is good until ${until} only, as its maker says`,
    hint: 'the mirror has an old state of it, or the clock here is wrong; where nothing newer is to be had, name the mirror itself under "from": then it is only told',
    origin: 'source',
    data: { item: as, until },
  });
}

async function pinnedRepository(
  means: AptMeans,
  pin: AptDirectoryPin,
  wish: AptFileWish,
  store: BlobStore,
  run: Run,
): Promise<Repository> {
  const found = (await storedRelease(pin, store, run)) ?? (await askRelease(means.http, wish, run));
  const actual = sizedOf(found.bytes).digest;
  if (actual !== pin.release.digest) throw movedOn(pin, actual);
  return await readRepository(means, wish, await checkRelease(found, wish, means.verifiers, run), store, run);
}

/** Upstream keeps no earlier Release file; a store that was collected into before does. */
async function storedRelease(
  { release, signature }: AptDirectoryPin,
  store: BlobStore,
  run: Run,
): Promise<ReleaseBytes | undefined> {
  const read = async (blob: SizedDigest): Promise<Uint8Array | undefined> =>
    blob.size <= APT_RELEASE_LIMIT && (await store.has(blob, run))
      ? await readVerified(blob, store.open(blob, run))
      : undefined;
  const bytes = await read(release);
  if (bytes === undefined) return undefined;
  const isWhole = Buffer.from(bytes.subarray(0, 20)).toString('latin1').startsWith('-----BEGIN PGP');
  if (isWhole) return { name: 'InRelease', bytes };
  const signed = signature && (await read(signature));
  return signature !== undefined && signed === undefined
    ? undefined
    : { name: 'Release', bytes, ...(signed && { signature: signed }) };
}

async function readRepository(
  means: AptMeans,
  wish: AptFileWish,
  suite: SuiteRelease,
  store: BlobStore | undefined,
  run: Run,
): Promise<Repository> {
  const packages: AptPackage[] = [];
  const indexes: OpenedIndex[] = [];
  for (const forms of suiteIndexes(suite.release, wish.apt, wish.as)) {
    const opened = await openAnyForm(means.http, wish, forms, store, run);
    const { path, unpacked: size } = opened;
    const bytes = unpackIndex({ path, size }, opened.read(run));
    const limit = MAX_PACKAGES - packages.length;
    for (const one of await readPackages(bytes, `${path} of ${wish.as}`, limit, run)) packages.push(one);
    indexes.push(opened);
  }
  return layOut(means.http, wish, suite, indexes, chosenOf(packages, wish, run));
}

/** Throws `SOURCE_NOT_FOUND` for wanted packages that there are not; tells what is left to the system inside. */
function chosenOf(
  packages: readonly AptPackage[],
  { apt, as }: AptFileWish,
  run: Run,
): ReadonlySet<AptPackage> {
  const { architectures, packages: wanted, dependencies } = apt;
  const choice = { architectures, dependencies: dependencies !== false, ...(wanted && { wanted }) };
  const { packages: chosen, missing, partly, elsewhere } = choosePackages(packages, choice);
  const few = (texts: readonly string[]): string =>
    `${texts.slice(0, 10).join(', ')}${texts.length > 10 ? ` and ${texts.length - 10} more` : ''}`;
  if (missing.length > 0)
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: printable(`${aptSuiteUrl(apt)} has no package ${few(missing)} for ${as}`),
      hint: 'check name and version; another component or suite may have it',
      origin: 'source',
      data: { item: as, missing },
    });
  const warn = (message: string): void =>
    run.emit({ kind: 'warning', item: as, message: printable(message) });
  if (partly.length > 0) warn(`${aptSuiteUrl(apt)} has no ${few(partly)}`);
  if (elsewhere.length > 0)
    warn(
      `what ${as} depends on is not all in this repository; the systems inside must have it from elsewhere: ${few(elsewhere)}`,
    );
  return chosen;
}

function movedOn({ id, url, release }: AptDirectoryPin, actual: Digest): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${id} is pinned to the Release file ${release.digest}, and upstream has ${actual} by now (${url})`,
    hint: 'the repository was renewed: run "gapferry resolve", look at what changed in the lock, and commit it; a depot that was collected into before still has the earlier one',
    origin: 'source',
    data: { item: id, expected: release.digest, actual },
  });
}
