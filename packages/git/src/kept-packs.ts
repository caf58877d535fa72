import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes, type Digest, digestOf, type GitPack, type GitRef, hexOf } from '@gapferry/core';
import { STRICT } from './fsck-severity.ts';

/** Packs of one repository as git reads them, each under the digest by which releases name it, so that the next release has only its increment indexed. Besides, of which chains it was
 *  proved that they have everything that some commits reach.
 *  A cache: may be deleted at any time, is not synced, and holds nothing that a release's own packs do not. Every object in it was hashed and checked when it came. */
export interface KeptPacks {
  readonly directory: string;
}

export function keptPacksOf(cacheDirectory: string, item: string): KeptPacks {
  // Packs that were checked by other rules are others.
  return { directory: join(cacheDirectory, hexOf(digestOf(`${STRICT} ${item}`)).slice(0, 32)) };
}

/** Would any of the packs be linked? */
export async function keepsSome(kept: KeptPacks, packs: readonly GitPack[]): Promise<boolean> {
  for (const { digest } of packs)
    if ((await soundPack(packDirectory(kept, digest))) !== undefined) return true;
  return false;
}

/** Puts those of the packs that are kept whole into a repository, as links to the same files. Returns which these are. */
export async function linkKept(
  kept: KeptPacks,
  repository: string,
  packs: readonly GitPack[],
): Promise<ReadonlySet<Digest>> {
  const linked = new Set<Digest>();
  for (const { digest } of packs)
    if (await linkOne(packDirectory(kept, digest), join(repository, 'objects', 'pack'))) linked.add(digest);
  return linked;
}

/** The index goes last: git sees a pack by it. */
async function linkOne(from: string, to: string): Promise<boolean> {
  const found = await soundPack(from);
  if (found === undefined) return false;
  try {
    await mkdir(to, { recursive: true });
    for (const ending of ['pack', 'idx'])
      await link(join(from, `${found}.${ending}`), join(to, `${found}.${ending}`));
    return true;
  } catch {
    await rm(join(to, `${found}.pack`), { force: true });
    return false;
  }
}

/** Its file name without ending; undefined unless pack and index are there in the sizes that they had. What is damaged within shows to git when it reads it. */
async function soundPack(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  const text = await readFile(join(directory, SIZES), 'utf8').catch(() => '');
  const stem = names.find((name) => name.endsWith('.idx'))?.slice(0, -'.idx'.length);
  if (stem === undefined) return undefined;
  return text === (await sizesOf(directory, stem).catch(() => undefined)) ? stem : undefined;
}

const SIZES = 'sizes';

async function sizesOf(directory: string, stem: string): Promise<string> {
  const sizes = ['pack', 'idx'].map(
    async (ending) => (await stat(join(directory, `${stem}.${ending}`))).size,
  );
  return (await Promise.all(sizes)).join(' ');
}

/** Ids of which it was proved that the longest beginning of the chain, all of whose packs are linked, has everything that they reach. */
export async function provenBefore(
  kept: KeptPacks,
  packs: readonly GitPack[],
  linked: ReadonlySet<Digest>,
): Promise<readonly string[]> {
  const gap = packs.findIndex(({ digest }) => !linked.has(digest));
  for (let length = gap < 0 ? packs.length : gap; length > 0; length--) {
    const text = await readFile(proofPath(kept, packs.slice(0, length)), 'latin1').catch(() => '');
    if (text !== '') return text.split('\n');
  }
  return [];
}

export interface ProvedChain {
  readonly packs: readonly GitPack[];
  readonly refs: readonly GitRef[];
  /** File names of packs that were indexed now, without ending. */
  readonly names: ReadonlyMap<Digest, string>;
}

/** Keeps what a proved repository has of a chain, and nothing else. Killed in the middle, it keeps less. Where files cannot be linked nothing is kept. */
export async function keepChain(
  kept: KeptPacks,
  repository: string,
  { packs, refs, names }: ProvedChain,
): Promise<void> {
  try {
    await removeOthers(kept, packs);
    for (const [digest, name] of names)
      await keepPack(packDirectory(kept, digest), join(repository, 'objects', 'pack'), name);
    const path = proofPath(kept, packs);
    await writeFile(`${path}.tmp`, [...new Set(refs.map(({ oid }) => oid))].join('\n'));
    await rename(`${path}.tmp`, path);
  } catch {
    // Each part appears in one rename: what is there is whole.
  }
}

/** A directory that appears in one rename, with everything in it. */
async function keepPack(directory: string, from: string, name: string): Promise<void> {
  const unfinished = `${directory}.${randomUUID()}.tmp`;
  await mkdir(unfinished, { recursive: true });
  for (const ending of ['pack', 'idx'])
    await link(join(from, `${name}.${ending}`), join(unfinished, `${name}.${ending}`));
  await writeFile(join(unfinished, SIZES), await sizesOf(unfinished, name));
  await rm(directory, { recursive: true, force: true });
  await rename(unfinished, directory);
}

async function removeOthers(kept: KeptPacks, packs: readonly GitPack[]): Promise<void> {
  await mkdir(kept.directory, { recursive: true });
  const wanted = new Set(packs.map(({ digest }) => hexOf(digest)));
  for (const name of await readdir(kept.directory))
    if (!wanted.has(name)) await rm(join(kept.directory, name), { recursive: true, force: true });
}

/** A repository that changes less often is unpacked once more: that costs little beside what a cache of all that ever came would take. */
const LONGEST_MS = 180 * 86_400_000;

/** Removes from a directory of kept packs those of repositories that no release brought for half a year: nobody else would ever look at them again. */
export async function sweepKept(cacheDirectory: string, now: number = Date.now()): Promise<void> {
  for (const name of await readdir(cacheDirectory).catch(() => [])) {
    const path = join(cacheDirectory, name);
    const kept = await stat(path).catch(() => undefined);
    // Each import that keeps something of a repository renames a file in its directory.
    if (kept !== undefined && now - kept.mtimeMs > LONGEST_MS) await discardKept({ directory: path });
  }
}

export async function discardKept(kept: KeptPacks): Promise<void> {
  await rm(kept.directory, { recursive: true, force: true }).catch(() => {});
}

function packDirectory({ directory }: KeptPacks, digest: Digest): string {
  return join(directory, hexOf(digest));
}

function proofPath({ directory }: KeptPacks, packs: readonly GitPack[]): string {
  const chain = digestOf(canonicalBytes(packs.map(({ digest }) => digest)));
  return join(directory, `${hexOf(chain)}.proved`);
}
