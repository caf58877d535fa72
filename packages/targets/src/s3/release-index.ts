import { type Digest, digestFromHex, GapferryError, hexOf, isDigest, parseJson } from '@gapferry/core';
import type { LoadedRelease } from '../git-host/git-host.ts';

export const INDEX_FORMAT = 'gapferry.objects/1';

/** The object that readers begin with: which release counts, and where its files are. */
export interface ReleaseIndex extends LoadedRelease {
  readonly files: readonly IndexedFile[];
  /** Releases of the channel whose objects are still there, the latest first. */
  readonly earlier: readonly EarlierRelease[];
}

export type EarlierRelease = Pick<LoadedRelease, 'version' | 'sequence'>;

export interface IndexedFile {
  /** As the release names it. */
  readonly path: string;
  readonly key: string;
  readonly digest: Digest;
  readonly size: number;
  /** What the store said of it when it was put there. */
  readonly etag: string;
  readonly version?: string;
  readonly executable?: true;
  /** Its copy under the key that stays from release to release. */
  readonly latest?: IndexedCopy;
}

export interface IndexedCopy {
  readonly key: string;
  readonly etag: string;
}

/** Bytes of an index that is read; 100,000 files need 40 MiB. */
export const MOST_INDEX_BYTES: number = 96 << 20;
/** The longest key, and what a store may say as an ETag or a version's id. */
const LONGEST = 4096;
/** As manifests have them: what stands here makes keys and paths, and is repeated in messages. */
const CHANNEL = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;
const LIMITS = { maxBytes: MOST_INDEX_BYTES, maxDepth: 6 };

/** JSON with a line for each file. */
export function writeIndex(index: ReleaseIndex): Uint8Array {
  const { channel, version, sequence, statement, files, earlier } = index;
  const head = {
    format: INDEX_FORMAT,
    channel,
    version,
    sequence,
    statement,
    ...(earlier.length > 0 && { earlier }),
  };
  const lines = files.map(({ path, key, digest, size, etag, version: versionId, executable, latest }) =>
    JSON.stringify({ path, key, sha256: hexOf(digest), size, etag, versionId, executable, latest }),
  );
  return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"files":[\n${lines.join(',\n')}\n]}\n`);
}

/** Undefined for what is no index of ours: somebody else's object. */
export function readIndex(bytes: Uint8Array): ReleaseIndex | undefined {
  try {
    return toIndex(parseJson(bytes, 'the index object', LIMITS));
  } catch (error) {
    if (error instanceof GapferryError && error.code !== 'INTERNAL') return undefined;
    throw error;
  }
}

function toIndex(value: unknown): ReleaseIndex | undefined {
  const index = record(value);
  if (index?.['format'] !== INDEX_FORMAT) return undefined;
  const { channel, version, sequence, statement, files, earlier = [] } = index;
  if (!matches(channel, CHANNEL) || !matches(version, VERSION) || !isDigest(statement)) return undefined;
  if (typeof sequence !== 'number' || !Array.isArray(files) || !Array.isArray(earlier)) return undefined;
  const read = files.map(toFile);
  if (read.includes(undefined)) return undefined;
  return {
    channel,
    version,
    sequence,
    statement,
    files: read.filter((file) => file !== undefined),
    earlier: earlier.flatMap(toEarlier),
  };
}

function toEarlier(value: unknown): EarlierRelease[] {
  const { version, sequence } = record(value) ?? {};
  return matches(version, VERSION) && typeof sequence === 'number' ? [{ version, sequence }] : [];
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST;
}

function toFile(value: unknown): IndexedFile | undefined {
  const { path, key, sha256, size, etag, versionId, executable, latest } = record(value) ?? {};
  const copy = toCopy(latest);
  if (!isShort(path) || !isShort(key) || !isShort(etag)) return undefined;
  if (typeof size !== 'number' || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return undefined;
  return {
    path,
    key,
    digest: digestFromHex(sha256),
    size,
    etag,
    ...(isShort(versionId) && { version: versionId }),
    ...(executable === true && { executable }),
    ...(copy !== undefined && { latest: copy }),
  };
}

function toCopy(value: unknown): IndexedCopy | undefined {
  const { key, etag } = record(value) ?? {};
  return isShort(key) && isShort(etag) ? { key, etag } : undefined;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
