import {
  type Clock,
  contentTypeOf,
  type FileContent,
  type FileName,
  GapferryError,
  type Load,
  type LoadFile,
} from '@gapferry/core';
import type { LimitFunction } from 'p-limit';
import type { LoadedRelease } from '../git-host/git-host.ts';
import type { BucketMemory } from './bucket-memory.ts';
import type { ReleaseKeys } from './release-keys.ts';
import type { S3PutOptions, S3Store } from './s3-store.ts';
import { withSource } from './source-metadata.ts';
import type { UploadJournal } from './upload-journal.ts';

/** What a site says about how objects are kept. */
export interface S3Policy {
  /** Make the bucket where there is none. */
  readonly create: boolean;
  /** Other bytes of ours under a key of the release. `version`: replaced, in a bucket that keeps versions. */
  readonly overwrite: 'refuse' | 'replace' | 'version';
  /** Objects that carry no digest of ours. `read`: read back and hashed. */
  readonly foreign: 'refuse' | 'read';
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number };
  readonly legalHold: boolean;
  /** Template of the keys of copies that stay from release to release, which ends with `{path}`; absent: there are none. */
  readonly latest?: string;
  /** Releases that stay, this one included; absent: all of them. */
  readonly keep?: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** An S3 target from within. */
export interface S3Place {
  /** The target's name in the site file. */
  readonly target: string;
  readonly store: S3Store;
  readonly keys: ReleaseKeys;
  readonly release: LoadedRelease;
  readonly policy: S3Policy;
  readonly journal: UploadJournal;
  readonly clock: Clock;
  /** Bytes of a part. */
  readonly partSize: number;
  /** The most bytes that the store copies in one request. */
  readonly mostCopied: number;
  /** Requests under way at once. */
  readonly limit: LimitFunction;
  /** One large object at a time: its parts go side by side. */
  readonly oneLarge: LimitFunction;
  /** Begun anew by every survey. */
  memory: BucketMemory;
  /** All names of the release, as the last survey saw them. */
  surveyed: readonly FileName[];
}

export type FileLoad = FileContent | FileName;

/** Throws `CONFIG_INVALID` for what is no file. */
export function toFiles(load: Load, target: string): FileLoad {
  if (load.kind === 'file') return load;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the object store ${target} cannot hold ${load.item}`,
    hint: 'an object store takes files: correct `takes` of the target in site.yaml',
    origin: 'site',
  });
}

const DAY_MS = 86_400_000;

/** How a file of the release is kept. The digest in the metadata is what proves it later: an ETag is no digest of the content. */
export function keptAs(place: S3Place, { path, root, executable }: LoadFile, source?: string): S3PutOptions {
  const { release } = place;
  const metadata = {
    'gapferry-sha256': root.digest.slice('sha256:'.length),
    'gapferry-release': `${release.channel}/${release.version}`,
    'gapferry-sequence': String(release.sequence),
    ...(executable === true && { 'gapferry-executable': 'true' }),
  };
  return {
    contentType: contentTypeOf(path),
    metadata: withSource(metadata, source),
    ...keptAlways(place),
  };
}

/** What is said of every object of a release alike. */
export function keptAlways({
  policy: { lock, legalHold, tags },
  clock,
}: S3Place): Pick<S3PutOptions, 'tags' | 'lock' | 'legalHold'> {
  return {
    tags,
    ...(lock !== undefined && {
      lock: { mode: lock.mode, until: new Date(clock.now().getTime() + lock.days * DAY_MS) },
    }),
    legalHold,
  };
}
