import {
  type Digest,
  type GitPack,
  parseCanonicalJson,
  RELEASE_LIMITS,
  type SizedDigest,
  uniqueByDigest,
} from '@gapferry/core';
import { z } from 'zod';
import { FORMATS, requireFormat } from './formats.ts';
import type { Manifest } from './manifest.ts';
import { documentError, type Problem, toProblems } from './problems.ts';
import { digestSchema, oidSchema, sequenceSchema, sizeSchema, textSchema } from './schemas.ts';

/** Which packs carry the Git items of a manifest (docs/spec/04-packs.md). Signed as the second subject of the statement, outside the manifest because pack bytes vary with git's version. */
export interface Packs {
  readonly format: 'gapferry.packs/1';
  /** One entry per Git item that has refs, sorted by id. */
  readonly items: readonly PackedItem[];
}

export interface PackedItem {
  readonly id: string;
  /** In the order in which they must be indexed. */
  readonly packs: readonly GitPack[];
}

const packSchema = z.strictObject({
  digest: digestSchema,
  size: sizeSchema,
  prerequisites: z.array(oidSchema).max(1000),
  since: sequenceSchema.optional(),
});
const packsSchema = z.strictObject({
  format: z.literal(FORMATS.packs),
  items: z.array(z.strictObject({ id: textSchema, packs: z.array(packSchema).min(1).max(1000) })).max(50_000),
}) as unknown as z.ZodType<Packs>;

/** Parses packs.json and checks it against the manifest. Throws `LIMIT_EXCEEDED`, `JSON_INVALID`, `FORMAT_UNKNOWN` or `MANIFEST_INVALID`. */
export function parsePacks(bytes: Uint8Array, manifest: Manifest, what = 'packs.json'): Packs {
  const value = parseCanonicalJson(bytes, what, { maxBytes: RELEASE_LIMITS.packs, maxDepth: 8 });
  requireFormat(value, 'packs', what);
  const parsed = packsSchema.safeParse(value);
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  return checkPacks(parsed.data, manifest, what);
}

/** Every Git item with refs has packs, in the manifest's order, and nothing else has. Throws `MANIFEST_INVALID`. */
export function checkPacks(packs: Packs, manifest: Manifest, what = 'packs.json'): Packs {
  const wanted = gitIdsWithRefs(manifest);
  const given = packs.items.map((item) => item.id);
  const [isWanted, isGiven] = [new Set(wanted), new Set(given)];
  const problems: Problem[] = [
    ...wanted
      .filter((id) => !isGiven.has(id))
      .map((id) => ({ path: 'items', message: `git ${id} has no packs` })),
    ...given
      .filter((id) => !isWanted.has(id))
      .map((id) => ({
        path: 'items',
        message: `packs for "${id}", which is no Git item with refs in the manifest`,
      })),
    ...(isGiven.size === given.length ? [] : [{ path: 'items', message: 'an item stands in it twice' }]),
    ...sizeProblems(packs, manifest),
  ];
  if (problems.length === 0 && given.join('\n') !== wanted.join('\n'))
    problems.push({ path: 'items', message: 'its items are out of order' });
  if (problems.length > 0) throw documentError('MANIFEST_INVALID', what, problems);
  return packs;
}

/** One digest has one size, wherever it is named: every blob is looked up by both. */
function sizeProblems({ items }: Packs, { blobs }: Manifest): Problem[] {
  const sizes = new Map(blobs.map((blob) => [blob.digest, blob.size]));
  return items.flatMap((item) =>
    item.packs.flatMap(({ digest, size }) => {
      const known = sizes.get(digest) ?? size;
      sizes.set(digest, known);
      return known === size
        ? []
        : [
            {
              path: 'items',
              message: `pack ${digest} of git ${item.id} has ${size} bytes here and ${known} elsewhere`,
            },
          ];
    }),
  );
}

export function gitIdsWithRefs(manifest: Manifest): string[] {
  return manifest.items
    .filter((item) => item.kind === 'git' && ('list' in item.refs || item.refs.length > 0))
    .map((item) => item.id);
}

/** Every blob that a release needs: the manifest's and the packs'. */
export function releaseBlobs(manifest: Manifest, packs: Packs | undefined): SizedDigest[] {
  const packBlobs = (packs?.items ?? [])
    .flatMap((item) => item.packs)
    .map(({ digest, size }) => ({ digest, size }));
  return uniqueByDigest([...manifest.blobs, ...packBlobs]);
}

/** The release of the channel that carried a pack first, where packs.json says so. */
export function firstCarriers(packs: Packs | undefined): ReadonlyMap<Digest, number> {
  const all = (packs?.items ?? []).flatMap((item) => item.packs);
  return new Map(all.flatMap(({ digest, since }) => (since === undefined ? [] : [[digest, since] as const])));
}

/** Which Git items a pack blob belongs to. */
export function gitIdsByPack(packs: Packs | undefined): ReadonlyMap<Digest, readonly string[]> {
  const map = new Map<Digest, string[]>();
  for (const item of packs?.items ?? [])
    for (const pack of item.packs) map.set(pack.digest, [...(map.get(pack.digest) ?? []), item.id]);
  return map;
}
