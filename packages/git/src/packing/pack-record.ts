import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  canonicalBytes,
  type Digest,
  digestOf,
  type GitPin,
  hexOf,
  isDigest,
  parseJson,
  type SizedDigest,
} from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';

/** Which base pack was made for these ids. Only a hint: the pack itself is in the store, checked by its digest, and the inside proves that it yields the refs. */
export async function recallPack(mirror: GitMirror, pin: GitPin): Promise<SizedDigest | undefined> {
  const bytes = await readFile(recordPath(mirror, pin)).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const { digest, size } = parseJson(bytes, 'the record of a pack', {
    maxBytes: 4096,
    maxDepth: 4,
  }) as Partial<SizedDigest>;
  return isDigest(digest) && Number.isSafeInteger(size) && size !== undefined ? { digest, size } : undefined;
}

export async function rememberPack(
  mirror: GitMirror,
  pin: GitPin,
  { digest, size }: SizedDigest,
): Promise<void> {
  const path = recordPath(mirror, pin);
  await mkdir(join(mirror.directory, 'gapferry-packs'), { recursive: true });
  await writeFile(`${path}.tmp`, canonicalBytes({ digest, size }));
  await rename(`${path}.tmp`, path);
}

function recordPath(mirror: GitMirror, pin: GitPin): string {
  const ids = [...new Set(pin.refs.map(({ oid }) => oid))].sort();
  return join(mirror.directory, 'gapferry-packs', `${hexOf(digestOf(canonicalBytes(ids)))}.json`);
}

/** The ids of the pin that was packed last: what the next increment is built on, most likely. */
export async function recallCarried({ directory }: GitMirror): Promise<readonly string[] | undefined> {
  const text = await readFile(join(directory, CARRIED), 'latin1').catch(() => undefined);
  return text?.split('\n');
}

export async function rememberCarried({ directory }: GitMirror, pin: GitPin): Promise<void> {
  const path = join(directory, CARRIED);
  await writeFile(`${path}.tmp`, [...new Set(pin.refs.map(({ oid }) => oid))].sort().join('\n'));
  await rename(`${path}.tmp`, path);
}

const CARRIED = 'gapferry-carried';

/** Which pack of the mirror has the objects of a pack that was sealed, and no others but such as the packs before it have. */
export async function rememberTwin(mirror: GitMirror, { digest }: SizedDigest, twin: string): Promise<void> {
  await mkdir(join(mirror.directory, 'gapferry-packs'), { recursive: true });
  await writeFile(twinPath(mirror, digest), basename(twin));
}

/** File names of the mirror's packs that stand for those of a chain, as far as they are known. */
export async function recallTwins(
  mirror: GitMirror,
  packs: readonly SizedDigest[],
): Promise<ReadonlySet<string>> {
  const names = packs.map(({ digest }) => readFile(twinPath(mirror, digest), 'utf8').catch(() => ''));
  return new Set(await Promise.all(names));
}

function twinPath(mirror: GitMirror, digest: Digest): string {
  return join(mirror.directory, 'gapferry-packs', `${hexOf(digest)}.twin`);
}
