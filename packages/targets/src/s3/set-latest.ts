import {
  type FileName,
  GapferryError,
  inLanes,
  isGapferryError,
  type LoadFile,
  type Run,
} from '@gapferry/core';
import { copyObject } from './copy-object.ts';
import { type FileLook, isAsWanted, LANES, lookAt } from './look-at-files.ts';
import type { IndexedCopy, IndexedFile } from './release-index.ts';
import { keptAs, type S3Place } from './s3-place.ts';

/** Brings the copies that keep their keys from release to release to what this one has; the store copies by itself. One after the other they change: who needs the whole at once reads the
 *  index. They are never locked: the next release replaces them. Copies by path. */
export async function setLatest(
  place: S3Place,
  names: readonly FileName[],
  entries: readonly IndexedFile[],
  run: Run,
): Promise<ReadonlyMap<string, IndexedCopy>> {
  if (place.policy.latest === undefined) return new Map();
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const wanted = names.flatMap((load) => load.files.map((file) => ({ file, load })));
  const copies = await inLanes(
    wanted,
    LANES,
    async ({ file, load }, inner) => {
      const entry = byPath.get(file.path);
      return entry === undefined
        ? []
        : [[file.path, await copyLatest(place, file, load, entry, inner)] as const];
    },
    run,
  );
  return new Map(copies.flat());
}

/** Throws `TARGET_CONFLICT` where something stands under a latest key that is not ours. */
export async function requireLatestKeys(place: S3Place, names: readonly FileName[], run: Run): Promise<void> {
  if (place.policy.latest === undefined) return;
  const { keys, target, store, release } = place;
  for (const { files } of names) for (const { path } of files) requireFreeKey(place, `${keys.latest}${path}`);
  const wanted = names.flatMap((load) => load.files.map((file) => ({ file, load })));
  const look = ({ file, load }: (typeof wanted)[number], inner: Run): Promise<FileLook> =>
    lookAtLatest(place, file, load.item, inner);
  const looks = await inLanes(wanted, LANES, look, run);
  const foreign = looks.filter(
    ({ there }) => there !== undefined && (there.digest === undefined || there.channel !== release.channel),
  );
  if (foreign.length === 0) return;
  const shown = foreign.slice(0, 10).map(({ key }) => key);
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${store.place} at target ${target} has what is not this channel’s under keys of \`latest\`: ${shown.join('; ')}${foreign.length > 10 ? `; and ${foreign.length - 10} more` : ''}`,
    hint: 'nothing was loaded; find out who put it there, and move it away',
    origin: 'target',
    data: { target, keys: foreign.map(({ key }) => key) },
  });
}

async function copyLatest(
  place: S3Place,
  file: LoadFile,
  { item, source: origin }: FileName,
  { key: source, etag }: IndexedFile,
  run: Run,
): Promise<IndexedCopy> {
  const look = await lookAtLatest(place, file, item, run);
  const { key, there } = look;
  if (there !== undefined && isAsWanted(look)) return { key, etag: there.etag };
  await requireUnchanged(place, look, item, run);
  const { lock: _, legalHold: __, ...own } = keptAs(place, file, origin);
  const kept = { ...own, ifMatch: there?.etag ?? 'none' };
  const from = { key: source, etag };
  const stored = await copyObject(place, from, { key, item }, file, kept, run).catch((error: unknown) => {
    throw isGapferryError(error, 'SOURCE_NOT_FOUND') ? gone(place, source, item, error) : error;
  });
  const { digest, size } = file.root;
  const { channel } = place.release;
  const seen = {
    etag: stored.etag,
    channel,
    digest,
    size,
    ...(file.executable && { executable: true as const }),
  };
  await place.memory.learn(key, seen, run);
  return { key, etag: stored.etag };
}

/** Keys without a release in them are not ours alone, and many stores copy over whatever is there. */
async function requireUnchanged(
  { store, limit, release, target }: S3Place,
  { key, there }: FileLook,
  item: string,
  run: Run,
): Promise<void> {
  const now = await limit(() => store.head({ key, item }, run));
  const isOwn = there === undefined || (there.digest !== undefined && there.channel === release.channel);
  if (isOwn && now?.etag === there?.etag) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item}: ${key} in ${store.place} at target ${target} changed while the release was loaded`,
    hint: 'find out who put it there, move it away, then run the import again',
    origin: 'target',
    data: { item, key, target },
  });
}

async function lookAtLatest(place: S3Place, file: LoadFile, item: string, run: Run): Promise<FileLook> {
  const key = `${place.keys.latest}${file.path}`;
  const there = await lookAt(place, key, file, item, run);
  return { file, key, ...(there !== undefined && { there }) };
}

function gone({ store }: S3Place, key: string, item: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${item}: ${key} went away from ${store.place} while it was loaded`,
    hint: 'find out who removes objects there, then run the import again',
    origin: 'target',
    data: { item, key },
    cause,
  });
}

/** Copies must not lie where releases and their index are. */
function requireFreeKey({ keys, target }: S3Place, key: string): void {
  if (key !== keys.index && !key.startsWith(keys.prefix)) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `the copy ${key.slice(0, 200)} that \`latest\` of target ${target} wants would lie among the release's own keys`,
    hint: 'change `keys` or `latest` of the target in site.yaml',
    origin: 'site',
  });
}
