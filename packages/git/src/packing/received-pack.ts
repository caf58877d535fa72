import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type GitPack, type GitPin, sha256 } from '@gapferry/core';
import { type GitMirror, packsOf } from '../git-mirror.ts';
import { countObjectsIn, HASH_BYTES, type PackFile, readSoundPack } from './pack-file.ts';
import { readPackIndex } from './pack-index.ts';
import { recallTwins } from './pack-record.ts';

export interface Received {
  readonly pin: GitPin;
  /** What is new against the release before; undefined for too many. */
  readonly wanted: ReadonlySet<string> | undefined;
  /** The packs before. */
  readonly earlier: readonly GitPack[];
  /** Must not exist. */
  readonly path: string;
}

/** The increment as upstream sent it, where the last fetch brought exactly that: git checked it on its way in (`CHECKED_FETCH`), and packing it again would give the same.
 *  git completes what it receives with the objects that it builds on; they are taken off again. They come from the mirror, which must have nothing else than the packs before.
 *  Undefined where any of this is not so. `twin`: the mirror's pack that it was taken from. */
export async function receivedIncrement(
  mirror: GitMirror,
  { pin, wanted, earlier, path }: Received,
): Promise<(PackFile & { readonly twin: string }) | undefined> {
  if (wanted === undefined) return undefined;
  const newest = await newestPack(mirror, earlier);
  if (newest === undefined) return undefined;
  const count = await countObjectsIn(newest);
  if (wanted.size === 0 || count < wanted.size || count > 2 * wanted.size + 1000) return undefined;
  const end = await endOf(newest, pin, wanted);
  if (end === undefined) return undefined;
  return { ...(await takeOff(newest, { pin, path, end, count: wanted.size })), twin: newest };
}

/** The pack that the mirror has besides those that stand for the earlier ones; undefined unless it is one, and there is nothing loose. */
async function newestPack(mirror: GitMirror, earlier: readonly GitPack[]): Promise<string | undefined> {
  const packs = await packsOf(mirror);
  const twins = await recallTwins(mirror, earlier);
  const [newest, ...more] = (packs ?? []).filter((path) => !twins.has(basename(path)));
  return more.length === 0 ? newest : undefined;
}

/** Where the wanted objects end and what git has added begins; undefined when some are not in the pack, or when they are mixed. */
async function endOf(
  pack: string,
  { objectFormat }: GitPin,
  wanted: ReadonlySet<string>,
): Promise<number | undefined> {
  let [found, last] = [0, 0];
  let end = (await stat(pack)).size - HASH_BYTES[objectFormat];
  for (const { oid, offset } of readPackIndex(await readFile(pack.replace(/pack$/, 'idx')), objectFormat))
    if (wanted.has(oid)) [found, last] = [found + 1, Math.max(last, offset)];
    else end = Math.min(end, offset);
  return found === wanted.size && last < end ? end : undefined;
}

interface Cutting {
  readonly pin: GitPin;
  readonly path: string;
  /** Offset of the first byte that does not belong to it. */
  readonly end: number;
  readonly count: number;
}

/** A pack of the first `count` objects (gitformat-pack: signature, version, count, objects, checksum). Throws `GIT_FAILED` for a pack that was damaged where it lay: its own checksum is
 *  reckoned from the same bytes. */
async function takeOff(pack: string, { pin, path, end, count }: Cutting): Promise<PackFile> {
  const [own, whole] = [createHash(pin.objectFormat), sha256()];
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  header.writeUInt32BE(count, 8);
  const file = await open(path, 'wx', 0o600);
  const write = async (bytes: Uint8Array): Promise<void> => {
    whole.update(bytes);
    await file.write(bytes);
  };
  try {
    own.update(header);
    await write(header);
    let at = 0;
    for await (const chunk of readSoundPack(pack, pin.objectFormat)) {
      const part = chunk.subarray(Math.max(0, header.length - at), Math.max(0, end - at));
      at += chunk.byteLength;
      own.update(part);
      await write(part);
    }
    const checksum = own.digest();
    await write(checksum);
    return { path, digest: whole.digest(), size: end + checksum.length };
  } finally {
    await file.close();
  }
}
