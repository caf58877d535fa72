import { join } from 'node:path';
import {
  caseCollisions,
  checkRun,
  formatReleaseAddress,
  GapferryError,
  RELEASE_LIMITS,
  type ReleaseAddress,
  type ReleaseFiles,
  type ReleaseReader,
  type ReleaseWriter,
} from '@gapferry/core';
import {
  type DepotPlace,
  factsOf,
  layoutInvalid,
  makeDirectory,
  readLimited,
  renameSynced,
  replaceFile,
  requireWritable,
  syncDirectory,
  trouble,
  writeSynced,
} from './depot-place.ts';
import { channelPath, isChannelName, parseSequenceName, releasePath, requireAddress } from './layout.ts';
import { createQueue } from './queue.ts';

/** Names in `signatures/` and `approvals/`; anything else there is foreign and ignored. */
const SIGNED_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.sigstore\.json$/;
/** More entries than this in one directory of a depot's releases, and somebody is playing. */
const MAX_ENTRIES = 100_000;

export function createReleaseReader(place: DepotPlace): ReleaseReader {
  return {
    listReleases: () => listReleases(place),
    async readRelease(address) {
      const files = await readRelease(place, address);
      if (files !== undefined) return files;
      throw new GapferryError({
        code: 'RELEASE_NOT_FOUND',
        message: `there is no release ${formatReleaseAddress(address)} in ${place.directory}`,
        hint: 'list what is there with `gapferry depot ls`',
        origin: place.origin,
        data: { channel: address.channel, sequence: address.sequence, place: place.directory },
      });
    },
  };
}

async function listReleases(place: DepotPlace): Promise<ReleaseAddress[]> {
  const addresses: ReleaseAddress[] = [];
  const channels = await directoriesIn(place, join(place.directory, 'releases'), isChannelName);
  for (const channel of channels) {
    const isSequence = (name: string): boolean => parseSequenceName(name) !== undefined;
    const sequences = await directoriesIn(place, channelPath(place.directory, channel), isSequence);
    for (const name of sequences) addresses.push({ channel, sequence: Number(name) });
  }
  return addresses.sort((a, b) =>
    a.channel === b.channel ? a.sequence - b.sequence : a.channel < b.channel ? -1 : 1,
  );
}

/** Names of real directories (no links) that pass `wanted`. */
async function directoriesIn(
  place: DepotPlace,
  path: string,
  wanted: (name: string) => boolean,
): Promise<string[]> {
  const names: string[] = [];
  for (const name of await namesIn(place, path, MAX_ENTRIES, wanted))
    if ((await factsOf(place, join(path, name)))?.isDirectory()) names.push(name);
  return names;
}

/** Names in a directory that pass `wanted`; none when there is no directory. Throws `LIMIT_EXCEEDED` at more than `limit` of them. */
async function namesIn(
  place: DepotPlace,
  path: string,
  limit: number,
  wanted: (name: string) => boolean,
): Promise<string[]> {
  const facts = await factsOf(place, path);
  if (facts === undefined) return [];
  if (!facts.isDirectory()) throw layoutInvalid(place, `${path} is not a directory`);
  const names: string[] = [];
  try {
    for await (const { name } of place.files.list(path)) {
      if (!wanted(name)) continue;
      if (names.push(name) > limit) throw tooMany(place, path, limit);
    }
  } catch (error) {
    throw trouble(place, 'list', path, error);
  }
  return names.sort();
}

async function readRelease(place: DepotPlace, address: ReleaseAddress): Promise<ReleaseFiles | undefined> {
  requireAddress(address);
  await requireRealDirectory(place, channelPath(place.directory, address.channel));
  const path = releasePath(place.directory, address);
  if (!(await requireRealDirectory(place, path))) return undefined;
  const packs = await readLimited(place, join(path, 'packs.json'), RELEASE_LIMITS.packs);
  return {
    manifest: await readRequired(place, path, 'manifest.json', RELEASE_LIMITS.manifest),
    ...(packs !== undefined && { packs }),
    statement: await readRequired(place, path, 'release.sigstore.json', RELEASE_LIMITS.statement),
    signatures: await readSigned(place, join(path, 'signatures'), RELEASE_LIMITS.signatures),
    approvals: await readSigned(place, join(path, 'approvals'), RELEASE_LIMITS.approvals),
  };
}

/** False when nothing is there; throws for a link or a file. */
async function requireRealDirectory(place: DepotPlace, path: string): Promise<boolean> {
  const facts = await factsOf(place, path);
  if (facts === undefined) return false;
  if (facts.isDirectory()) return true;
  throw layoutInvalid(place, `${path} is not a directory; links are refused`);
}

async function readRequired(
  place: DepotPlace,
  release: string,
  name: string,
  limit: number,
): Promise<Uint8Array> {
  const bytes = await readLimited(place, join(release, name), limit);
  if (bytes === undefined) throw layoutInvalid(place, `${release} has no ${name}`);
  return bytes;
}

async function readSigned(place: DepotPlace, path: string, limit: number): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of await namesIn(place, path, limit, (name) => SIGNED_FILE.test(name))) {
    const bytes = await readLimited(place, join(path, name), RELEASE_LIMITS.statement);
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}

export function createReleaseWriter(place: DepotPlace): ReleaseWriter {
  const inOrder = createQueue();
  return {
    async writeRelease(address, files, run) {
      requireWritable(place);
      requireAddress(address);
      requireWithinLimits(place, files);
      await inOrder(async () => {
        checkRun(run);
        const there = await readRelease(place, address);
        if (there === undefined) await stageRelease(place, address, files);
        else await extendRelease(place, address, there, files);
      });
    },
  };
}

async function stageRelease(place: DepotPlace, address: ReleaseAddress, files: ReleaseFiles): Promise<void> {
  const staged = join(place.directory, 'tmp', `release-${address.channel}-${address.sequence}`);
  await place.files.removeTree(staged).catch((error: unknown) => {
    throw trouble(place, 'remove', staged, error);
  });
  await makeDirectory(place, staged);
  await writeSynced(place, join(staged, 'manifest.json'), files.manifest);
  if (files.packs !== undefined) await writeSynced(place, join(staged, 'packs.json'), files.packs);
  await writeSynced(place, join(staged, 'release.sigstore.json'), files.statement);
  await writeSigned(place, join(staged, 'signatures'), files.signatures);
  await writeSigned(place, join(staged, 'approvals'), files.approvals);
  await syncDirectory(place, staged);
  await makeDirectory(place, channelPath(place.directory, address.channel));
  await renameSynced(place, staged, releasePath(place.directory, address));
}

async function writeSigned(
  place: DepotPlace,
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  if (files.size === 0) return;
  await makeDirectory(place, path);
  for (const [name, bytes] of files) await writeSynced(place, join(path, name), bytes);
  await syncDirectory(place, path);
}

/** A release is never rewritten; signatures and approvals that came later are put next to it. */
async function extendRelease(
  place: DepotPlace,
  address: ReleaseAddress,
  there: ReleaseFiles,
  files: ReleaseFiles,
): Promise<void> {
  requireSame(place, address, 'manifest.json', there.manifest, files.manifest);
  requireSame(place, address, 'packs.json', there.packs, files.packs);
  requireSame(place, address, 'release.sigstore.json', there.statement, files.statement);
  for (const kind of ['signatures', 'approvals'] as const) {
    const added = [...files[kind]].filter(([name, bytes]) => {
      const present = there[kind].get(name);
      if (present !== undefined) requireSame(place, address, `${kind}/${name}`, present, bytes);
      return present === undefined;
    });
    if (there[kind].size + added.length > RELEASE_LIMITS[kind])
      throw tooMany(place, join(releasePath(place.directory, address), kind), RELEASE_LIMITS[kind]);
    await addSigned(place, join(releasePath(place.directory, address), kind), added);
  }
}

async function addSigned(place: DepotPlace, path: string, added: Array<[string, Uint8Array]>): Promise<void> {
  if (added.length === 0) return;
  await makeDirectory(place, path);
  for (const [name, bytes] of added)
    await replaceFile(place, join(path, name), join(place.directory, 'tmp', 'signed.sigstore.json'), bytes);
}

function requireSame(
  place: DepotPlace,
  address: ReleaseAddress,
  name: string,
  there: Uint8Array | undefined,
  wanted: Uint8Array | undefined,
): void {
  if (there === undefined && wanted === undefined) return;
  if (there !== undefined && wanted !== undefined && Buffer.compare(there, wanted) === 0) return;
  throw new GapferryError({
    code: 'STORAGE_FAILED',
    message: `release ${formatReleaseAddress(address)} in ${place.directory} has another ${name}; a release is never rewritten`,
    hint: 'seal with the next sequence number, or use another depot',
    origin: place.origin,
    data: { channel: address.channel, sequence: address.sequence, file: name, place: place.directory },
  });
}

/** What could not be read back is not written. */
function requireWithinLimits(place: DepotPlace, files: ReleaseFiles): void {
  for (const name of ['manifest', 'packs', 'statement'] as const)
    requireSize(place, name, files[name]?.byteLength ?? 0, RELEASE_LIMITS[name]);
  for (const kind of ['signatures', 'approvals'] as const) {
    if (files[kind].size > RELEASE_LIMITS[kind]) throw tooMany(place, kind, RELEASE_LIMITS[kind]);
    for (const [name, bytes] of files[kind]) {
      if (!SIGNED_FILE.test(name)) throw unsafeName(kind, name);
      requireSize(place, `${kind}/${name}`, bytes.byteLength, RELEASE_LIMITS.statement);
    }
    for (const [name] of caseCollisions(files[kind].keys())) throw unsafeName(kind, name);
  }
}

function requireSize(place: DepotPlace, name: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${name} of the release has ${size} bytes; the limit is ${limit}`,
    origin: place.origin,
    data: { size, limit },
  });
}

function unsafeName(kind: string, name: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `"${name.slice(0, 200)}" cannot be a file in ${kind}/`,
    hint: 'a name is letters, digits and . _ - before .sigstore.json, and no two differ in case only',
  });
}

function tooMany(place: DepotPlace, path: string, limit: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${path} has more than ${limit} entries`,
    origin: place.origin,
    data: { path, limit },
  });
}
