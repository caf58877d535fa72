import {
  type AddressTarget,
  type BatchTarget,
  type Clock,
  type ContentLoad,
  checkRun,
  type FileContent,
  type FileName,
  GapferryError,
  type LoadOutcome,
  type NameLoad,
  type PermissionTarget,
  type PreflightTarget,
  type Presence,
  type PruneTarget,
  type Run,
  totalSize,
} from '@gapferry/core';
import pLimit from 'p-limit';
import type { LoadedRelease } from '../git-host/git-host.ts';
import { atTarget } from '../registry/at-target.ts';
import { type BucketMemory, bucketMemory } from './bucket-memory.ts';
import { bucketPermissions } from './bucket-permissions.ts';
import { copiesOf, isAsWanted, lookAtFiles, missingOf } from './look-at-files.ts';
import { createBucket, preflightBucket } from './preflight-bucket.ts';
import { proveFiles } from './prove-files.ts';
import { goneObjects, prunableObjects, pruneObjects } from './prune-objects.ts';
import { releaseKeys } from './release-keys.ts';
import { type S3Place, type S3Policy, toFiles } from './s3-place.ts';
import type { S3Store } from './s3-store.ts';
import { sendFiles } from './send-files.ts';
import { abortStale } from './send-large.ts';
import { inspectName, setIndex } from './set-index.ts';
import type { UploadJournal } from './upload-journal.ts';

export interface S3TargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  readonly store: S3Store;
  /** Template of keys, see `releaseKeys`. */
  readonly keys: string;
  readonly release: LoadedRelease;
  readonly policy: S3Policy;
  readonly journal: UploadJournal;
  /** Says until when objects are locked. */
  readonly clock: Clock;
  /** Requests under way at once; 8. */
  readonly connections?: number;
  /** Bytes of a part of a large file, at least 5 MiB; 8 MiB. */
  readonly partSize?: number;
  /** The most bytes that the store copies in one request; 5 GiB. */
  readonly mostCopied?: number;
}

export type S3Target = PreflightTarget & BatchTarget & PermissionTarget & AddressTarget & PruneTarget;

/** A bucket as a target for files. Objects are put under the keys of their release, where no reader looks; what makes them visible is one index object, written last. */
export function s3Target(options: S3TargetOptions): S3Target {
  const { name } = options;
  const place = openPlace(options);
  const names = (loads: readonly NameLoad[], run: Run): Promise<LoadOutcome[]> =>
    atTarget(name, loads[0]?.item ?? '', () =>
      nameAll(
        place,
        loads.map((load) => toName(load, name)),
        run,
      ),
    );
  const prove = (loads: readonly ContentLoad[], run: Run): Promise<void> =>
    atTarget(name, loads[0]?.item ?? '', () =>
      proveFiles(
        place,
        loads.map((load) => toContent(load, name)),
        run,
      ),
    );
  return {
    name,
    inspect: (load, run) =>
      atTarget(name, load.item, () => {
        const files = toFiles(load, name);
        return files.phase === 'name' ? inspectName(place, files, run) : inspectContent(place, files, run);
      }),
    load: (load, from, run) =>
      atTarget(name, load.item, async () => {
        checkRun(run);
        const files = toFiles(load, name);
        if (files.phase === 'name')
          return (await nameAll(place, [files], run))[0] ?? { state: 'same', bytes: 0 };
        await createBucket(place, run);
        return await sendFiles(place, files, from, run);
      }),
    readBack: (load, run) => prove([load], run),
    preflight: async (loads, run) => {
      place.surveyed = loads.filter(
        (load): load is FileName => load.kind === 'file' && load.phase === 'name',
      );
      place.memory = freshMemory(place);
      await atTarget(name, place.store.place, () => preflightBucket(place, loads, run));
    },
    permissions: (wanted, run) =>
      atTarget(name, place.store.place, () =>
        bucketPermissions(
          place,
          wanted.map((load) => toFiles(load, name)),
          run,
        ),
      ),
    addressOf: (load) => `s3://${place.store.name}/${place.keys.keyOfLoad(toName(load, name))}`,
    prunable: (request, run) => atTarget(name, place.store.place, () => prunableObjects(place, request, run)),
    prune: (step, request, run) => atTarget(name, step.place, () => pruneObjects(place, step, request, run)),
    gone: (names, request, run) =>
      atTarget(name, place.store.place, () => goneObjects(place, names, request, run)),
    loadNames: (loads, _from, run) => names(loads, run),
    readBackAll: prove,
  };
}

/** The rules of S3. */
const MOST_COPIED = 5 * 2 ** 30;

function openPlace(options: S3TargetOptions): S3Place {
  const { name, store, release, connections = 8, partSize = 8 << 20, mostCopied = MOST_COPIED } = options;
  const keys = releaseKeys(options.keys, options.policy.latest, release);
  return {
    ...options,
    target: name,
    keys,
    partSize,
    mostCopied,
    limit: pLimit(connections),
    oneLarge: pLimit(1),
    memory: freshMemory({ store, keys, policy: options.policy, surveyed: [] }),
    surveyed: [],
  };
}

/** Below the keys of copies that stay may be all of the bucket: of what is not the release's nothing is remembered. */
function freshMemory({
  store,
  keys,
  policy,
  surveyed,
}: Pick<S3Place, 'store' | 'keys' | 'policy' | 'surveyed'>): BucketMemory {
  if (policy.latest === undefined) return bucketMemory(store, [{ prefix: keys.prefix }], keys.index);
  const copies = surveyed.flatMap(({ files }) => files.map(({ path }) => `${keys.latest}${path}`));
  const wanted = new Set(copies);
  const keeps = (key: string): boolean => wanted.size === 0 || wanted.has(key);
  return bucketMemory(store, [{ prefix: keys.prefix }, { prefix: keys.latest, keeps }], keys.index);
}

async function inspectContent(place: S3Place, load: FileContent, run: Run): Promise<Presence> {
  const looks = await lookAtFiles(place, load, run);
  if (looks.every(isAsWanted)) return { state: 'same' };
  return { state: 'absent', missingBytes: totalSize(missingOf(looks, await copiesOf(place, run))) };
}

async function nameAll(place: S3Place, loads: readonly FileName[], run: Run): Promise<LoadOutcome[]> {
  const outcomes = await setIndex(place, loads, run);
  await abortStale(place, run);
  return outcomes;
}

function toName(load: NameLoad, target: string): FileName {
  const files = toFiles(load, target);
  if (files.phase === 'name') return files;
  throw new GapferryError({ code: 'INTERNAL', message: `${load.item} is no name` });
}

function toContent(load: ContentLoad, target: string): FileContent {
  const files = toFiles(load, target);
  if (files.phase === 'content') return files;
  throw new GapferryError({ code: 'INTERNAL', message: `${load.item} has nothing to read back` });
}
