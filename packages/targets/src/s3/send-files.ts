import {
  type BlobReader,
  type FileContent,
  hexOf,
  inLanes,
  isGapferryError,
  type LoadFile,
  type LoadOutcome,
  type Run,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import type { SeenObject } from './bucket-memory.ts';
import { copyObject } from './copy-object.ts';
import {
  type Copies,
  copiesOf,
  type FileLook,
  isAsWanted,
  LANES,
  lookAtFiles,
  sourceOf,
} from './look-at-files.ts';
import { ownAfterAll } from './own-after-all.ts';
import { keptAs, type S3Place } from './s3-place.ts';
import type { S3Source, S3Stored } from './s3-store.ts';
import { sendLarge } from './send-large.ts';

/** Puts what is missing under the keys of the release, each content once: what is there already, or was put just now, is copied by the store. */
export async function sendFiles(
  place: S3Place,
  load: FileContent,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const looks = await lookAtFiles(place, load, run);
  const wanting = looks.filter((look) => !isAsWanted(look));
  const copies = await copiesOf(place, run);
  const contents = [...Map.groupBy(wanting, ({ file }) => file.root.digest).values()];
  // Large ones take turns, and must not stand in the way of the others.
  const isLarge = ([first]: readonly FileLook[]): boolean => (first?.file.root.size ?? 0) > place.partSize;
  const groups = [
    { lanes: 1, same: contents.filter(isLarge) },
    { lanes: LANES, same: contents.filter((looks) => !isLarge(looks)) },
  ];
  const send = (looks: readonly FileLook[], inner: Run): Promise<readonly FileLook[]> =>
    sendContent(place, load, looks, copies, from, inner);
  const sent = await inLanes(groups, 2, ({ lanes, same }, inner) => inLanes(same, lanes, send, inner), run);
  const roots = uniqueByDigest(sent.flat(2).map(({ file }) => file.root));
  return { state: wanting.length === 0 ? 'same' : 'loaded', bytes: totalSize(roots) };
}

/** All keys of one content. Those that were sent and not copied. */
async function sendContent(
  place: S3Place,
  load: FileContent,
  looks: readonly FileLook[],
  copies: Copies,
  from: BlobReader,
  run: Run,
): Promise<readonly FileLook[]> {
  const sent: FileLook[] = [];
  let source: S3Source | undefined = looks[0] && copies.get(looks[0].file.root.digest);
  for (const look of looks) {
    const copied = source && (await tryCopy(place, load, look, source, run));
    const stored = copied ?? (await sendOne(place, load, look, from, run));
    if (copied === undefined) sent.push(look);
    await remember(place, look, stored, run);
    source = { key: look.key, etag: stored.etag };
  }
  return sent;
}

/** Undefined when the source is not there any more as it was: then the bytes are sent. */
async function tryCopy(
  place: S3Place,
  { item }: FileContent,
  { file, key, there, source: origin }: FileLook,
  source: S3Source,
  run: Run,
): Promise<Stored | undefined> {
  try {
    const kept = { ...keptAs(place, file, origin), ifMatch: there?.etag ?? 'none' };
    const stored = await copyObject(place, source, { key, item }, file, kept, run);
    if (isOf(file, stored)) return stored;
    await place.store.remove({ key, item }, run);
    return undefined;
  } catch (error) {
    if (isGapferryError(error, 'TARGET_CONFLICT') || isGapferryError(error, 'SOURCE_NOT_FOUND'))
      return undefined;
    throw error;
  }
}

type Stored = Pick<SeenObject, 'etag' | 'version'>;

/** The index object only says what was there; what the store computed while it copied counts more. */
function isOf({ root }: LoadFile, { sha256 }: S3Stored): boolean {
  return sha256 === undefined || sha256 === Buffer.from(hexOf(root.digest), 'hex').toString('base64');
}

async function sendOne(
  place: S3Place,
  { item }: FileContent,
  { file, key, there, source }: FileLook,
  from: BlobReader,
  run: Run,
): Promise<Stored> {
  const { root } = file;
  const ifMatch = there?.etag ?? 'none';
  const large = { key, item, file, ifMatch, ...sourceOf({ source }) };
  if (root.size > place.partSize) return await place.oneLarge(() => sendLarge(place, large, from, run));
  const body = { digest: root.digest, size: root.size, open: () => from.open(root, run) };
  const options = { ...keptAs(place, file, source), ifMatch };
  return await place.limit(() =>
    place.store
      .put({ key, item }, body, options, run)
      .catch((error: unknown) => ownAfterAll(place.store, { key, item }, file, error, run)),
  );
}

async function remember(
  { memory, release: { channel } }: S3Place,
  { file, key }: FileLook,
  stored: Stored,
  run: Run,
): Promise<void> {
  const { digest, size } = file.root;
  const { etag, version } = stored;
  const of = { etag, ...(version !== undefined && { version }) };
  await memory.learn(
    key,
    { ...of, channel, digest, size, ...(file.executable && { executable: true }) },
    run,
  );
}
