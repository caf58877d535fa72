import {
  type Digest,
  type FileContent,
  GapferryError,
  inLanes,
  type LoadFile,
  printable,
  type Run,
  sha256,
  uniqueByDigest,
} from '@gapferry/core';
import type { SeenObject } from './bucket-memory.ts';
import type { IndexedFile } from './release-index.ts';
import type { FileLoad, S3Place } from './s3-place.ts';

/** The key of a file of a load, and what is there. */
export interface FileLook {
  readonly file: LoadFile;
  readonly key: string;
  readonly there?: SeenObject;
  /** As the load says. */
  readonly source?: string;
}

/** Files of one load that are looked at, or sent, at a time. */
export const LANES: number = 32;

export async function lookAtFiles(place: S3Place, load: FileLoad, run: Run): Promise<FileLook[]> {
  const look = async (file: LoadFile, inner: Run): Promise<FileLook> => {
    const key = place.keys.keyOf(file, load);
    const there = await lookAt(place, key, file, load.item, inner);
    return { file, key, ...(there !== undefined && { there }), ...sourceOf(load) };
  };
  return await inLanes(load.files, LANES, look, run);
}

export function sourceOf({ source }: { readonly source?: string | undefined }): Pick<FileLook, 'source'> {
  return source === undefined ? {} : { source };
}

/** Is it there as the release wants it? Where it came from does not count: the bytes do. */
export function isAsWanted({ file, there }: FileLook): boolean {
  return (
    there?.digest === file.root.digest &&
    there.size === file.root.size &&
    (there.executable === true) === (file.executable === true)
  );
}

/** What has to be sent of files that are not there: each content once, and nothing that the store can copy from what our last release left. */
export function missingOf(looks: readonly FileLook[], copies: Copies): readonly LoadFile['root'][] {
  const missing = looks.filter((look) => !isAsWanted(look)).map(({ file }) => file.root);
  return uniqueByDigest(missing).filter(({ digest }) => !copies.has(digest));
}

/** By digest, what the index object vouches for. */
export type Copies = ReadonlyMap<Digest, IndexedFile>;

export async function copiesOf({ memory }: S3Place, run: Run): Promise<Copies> {
  const { index } = await memory.index(run);
  return new Map((index?.files ?? []).map((file) => [file.digest, file]));
}

/** Throws `TARGET_CONFLICT`, naming them, where keys of the release have what may not be replaced. */
export async function requireReplaceableKeys(
  place: S3Place,
  contents: readonly FileContent[],
  run: Run,
): Promise<void> {
  const looks = (await Promise.all(contents.map((load) => lookAtFiles(place, load, run)))).flat();
  const taken = looks.filter((look) => look.there !== undefined && !isAsWanted(look));
  const kept = taken.filter(({ there }) => place.policy.overwrite === 'refuse' || !isOurs(place, there));
  if (kept.length === 0) return;
  const lines = kept.slice(0, 10).map(({ key, there }) => `${key} (${whoseIs(place, there)})`);
  const more = kept.length > 10 ? `; and ${kept.length - 10} more` : '';
  const isForeign = kept.some(({ there }) => !isOurs(place, there));
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${place.store.place} at target ${place.target} has other bytes under keys of this release: ${lines.join('; ')}${more}`,
    hint: isForeign
      ? 'nothing was loaded; find out who put them there, and move them away. `foreign: read` of the target lets gapferry read them and take those that are the same'
      : 'nothing was loaded; put {sequence} into `keys` of the target, or say `overwrite: version` where the bucket keeps versions',
    origin: 'target',
    data: { target: place.target, keys: kept.map(({ key }) => key) },
  });
}

function isOurs({ release }: S3Place, there: SeenObject | undefined): boolean {
  return there?.digest !== undefined && there.channel === release.channel;
}

function whoseIs(place: S3Place, there: SeenObject | undefined): string {
  if (there?.digest === undefined) return 'not ours';
  return isOurs(place, there)
    ? `${there.digest} of an earlier release`
    : `of channel ${printable(there.channel ?? '?').slice(0, 100)}`;
}

/** An object that carries no digest of ours is read, where the policy says so and its size could be right. */
export async function lookAt(
  place: S3Place,
  key: string,
  file: LoadFile,
  item: string,
  run: Run,
): Promise<SeenObject | undefined> {
  const seen = await place.limit(() => place.memory.at(key, item, run));
  if (seen === undefined || seen.digest !== undefined || place.policy.foreign === 'refuse') return seen;
  if (seen.size !== file.root.size) return seen;
  const digest = await place.limit(() => hashOf(place, key, item, seen, run));
  const read = { ...seen, digest, ...(file.executable && { executable: true as const }) };
  if (digest !== file.root.digest) return seen;
  await place.memory.learn(key, read, run);
  return read;
}

async function hashOf(
  { store }: S3Place,
  key: string,
  item: string,
  { size, version }: SeenObject,
  run: Run,
): Promise<Digest> {
  const hasher = sha256();
  const at = { key, item, size, ...(version !== undefined && { version }) };
  for await (const chunk of store.open(at, 0, run)) hasher.update(chunk);
  return hasher.digest();
}
