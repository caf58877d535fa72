import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type GitPack, type GitPin, type Run, sha256 } from '@gapferry/core';
import { type GitMirror, packsOf } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { countObjectsIn, hashPack, type PackFile, readFileFrom } from './pack-file.ts';
import { recallTwins } from './pack-record.ts';
import { streamLines } from './stream-lines.ts';

export interface Received {
  readonly pin: GitPin;
  /** What is new against the release before, and what is not, a revision a line. */
  readonly revisions: string;
  /** The packs before. */
  readonly earlier: readonly GitPack[];
  /** Must not exist. */
  readonly path: string;
}

/** Objects of an increment that are compared one by one; larger ones are packed anew. */
const MOST_OBJECTS = 250_000;

/** The increment as upstream sent it, where the last fetch brought exactly that: git checked it on its way in (`CHECKED_FETCH`), and packing it again would give the same.
 *  git completes what it receives with the objects that it builds on; they are taken off again. They come from the mirror, which must have nothing else than the packs before.
 *  Undefined where any of this is not so. `twin`: the mirror's pack that it was taken from. */
export async function receivedIncrement(
  git: Git,
  mirror: GitMirror,
  { pin, revisions, earlier, path }: Received,
  run: Run,
): Promise<(PackFile & { readonly twin: string }) | undefined> {
  const newest = await newestPack(mirror, earlier);
  if (newest === undefined) return undefined;
  const wanted = await listNew(git, mirror, pin, revisions, run);
  if (wanted === undefined) return undefined;
  const count = await countObjectsIn(newest);
  if (wanted.size === 0 || count < wanted.size || count > 2 * wanted.size + 1000) return undefined;
  const end = await endOf(git, newest, pin, wanted, run);
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

async function listNew(
  git: Git,
  { directory }: GitMirror,
  { id }: GitPin,
  revisions: string,
  run: Run,
): Promise<Set<string> | undefined> {
  const wanted = new Set<string>();
  const command = {
    repository: directory,
    doing: `list the new objects of ${id}`,
    args: ['rev-list', '--objects', '--no-object-names', '--stdin'],
    input: revisions,
  };
  for await (const lines of streamLines(git.stream(command, run))) {
    for (const oid of lines) wanted.add(oid);
    if (wanted.size > MOST_OBJECTS) return undefined;
  }
  return wanted;
}

/** Where the wanted objects end and what git has added begins; undefined when some are not in the pack, or when they are mixed. */
async function endOf(
  git: Git,
  pack: string,
  { objectFormat, id }: GitPin,
  wanted: ReadonlySet<string>,
  run: Run,
): Promise<number | undefined> {
  let [found, last] = [0, 0];
  let end = (await stat(pack)).size - (objectFormat === 'sha1' ? 20 : 32);
  const command = {
    doing: `read the index of a pack of ${id}`,
    args: ['show-index', `--object-format=${objectFormat}`],
    input: readFileFrom(pack.replace(/pack$/, 'idx'), 0),
  };
  for await (const lines of streamLines(git.stream(command, run)))
    for (const line of lines) {
      const [offset = '', oid = ''] = line.split(' ');
      if (wanted.has(oid)) [found, last] = [found + 1, Math.max(last, Number(offset))];
      else end = Math.min(end, Number(offset));
    }
  return found === wanted.size && last < end ? end : undefined;
}

interface Cutting {
  readonly pin: GitPin;
  readonly path: string;
  /** Offset of the first byte that does not belong to it. */
  readonly end: number;
  readonly count: number;
}

/** A pack of the first `count` objects (gitformat-pack: signature, version, count, objects, checksum). Throws `GIT_FAILED` for a pack that was damaged where it lay. */
async function takeOff(pack: string, { pin, path, end, count }: Cutting): Promise<PackFile> {
  await hashPack(pack, pin.objectFormat);
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
    let at = header.length;
    for await (const chunk of readFileFrom(pack, at)) {
      const part = chunk.subarray(0, Math.max(0, end - at));
      at += part.byteLength;
      own.update(part);
      await write(part);
      if (at >= end) break;
    }
    const checksum = own.digest();
    await write(checksum);
    return { path, digest: whole.digest(), size: end + checksum.length };
  } finally {
    await file.close();
  }
}
