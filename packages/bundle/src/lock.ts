import {
  canonicalBytes,
  canonicalJson,
  type Digest,
  describeWish,
  digestOf,
  GapferryError,
  isSameAbout,
  type NamedBy,
  type Pin,
  parseJson,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import { z } from 'zod';
import { aboutSchema } from './about-schema.ts';
import { answersWish } from './answers-wish.ts';
import { attachmentsSchema } from './attachment-schemas.ts';
import { FORMATS, requireFormat } from './formats.ts';
import { mirrorName } from './host-entry.ts';
import { lfsObjectSchema, MAX_LFS_OBJECTS, unsortedAt } from './lfs-list.ts';
import { namedBySchema } from './named-by.ts';
import { documentError, toProblems } from './problems.ts';
import {
  descriptorSchema,
  digestSchema,
  gitRefSchema,
  nameSchema,
  oidSchema,
  refNameSchema,
  sizedDigestSchema,
  sizeSchema,
  textSchema,
  versionSchema,
} from './schemas.ts';
import { type Waivable, waivableOf } from './waivable.ts';

/** `bundle.lock.json`: every wish, pinned to an immutable identity (docs/spec/06-lock.md). */
export interface Lock {
  readonly format: 'gapferry.lock/1';
  readonly bundle: string;
  /** Sorted by kind, then id. */
  readonly pins: readonly Pin[];
  /** What content of the pins names and bundle.yaml waives, sorted by kind, then name; absent when there is nothing. */
  readonly waived?: readonly WaivedItem[];
  /** `foundDigest`; absent where nothing was to be looked into. */
  readonly found?: Digest;
}

/** An image, chart or repository: by its id where that is known, otherwise by what its content says. */
export type WaivedItem = Waivable & {
  /** Sorted by `byNaming`. */
  readonly namedBy: readonly NamedBy[];
};

/** Commits of one repository that submodules of others point to. */
const MAX_COMMITS = 10_000;

const base = { id: textSchema, wish: digestSchema };
const namedBy = namedBySchema.optional();
const chartBase = { kind: z.literal('chart'), ...base, rendered: digestSchema.optional(), namedBy };
const pinSchema = z.union([
  z.strictObject({
    kind: z.literal('image'),
    ...base,
    root: descriptorSchema,
    platforms: z.array(textSchema),
    attestations: z.literal('drop').optional(),
    from: z.strictObject({ path: textSchema, select: textSchema.optional() }).optional(),
    attachments: attachmentsSchema.optional(),
    namedBy,
  }),
  z.strictObject({
    ...chartBase,
    from: z.literal('oci'),
    name: textSchema,
    version: versionSchema,
    root: descriptorSchema,
    attachments: attachmentsSchema.optional(),
  }),
  z.strictObject({
    ...chartBase,
    from: z.literal('repository'),
    name: textSchema,
    version: versionSchema,
    url: textSchema,
    archive: digestSchema,
  }),
  z.strictObject({
    ...chartBase,
    from: z.literal('local'),
    name: textSchema,
    version: versionSchema,
    path: textSchema,
    archive: digestSchema,
  }),
  z.strictObject({
    kind: z.literal('git'),
    ...base,
    url: textSchema,
    objectFormat: z.enum(['sha1', 'sha256']),
    refs: z.array(gitRefSchema).max(1_000_000),
    head: refNameSchema.optional(),
    depth: z.number().int().min(1).max(1_000_000).optional(),
    lfs: z
      .array(lfsObjectSchema)
      .min(1)
      .max(MAX_LFS_OBJECTS)
      .refine((objects) => unsortedAt(objects) < 0, { error: 'is not sorted, or names an object twice' })
      .optional(),
    lfsOf: z.enum(['all', 'none']).optional(),
    commits: z
      .array(oidSchema)
      .min(1)
      .max(MAX_COMMITS)
      .refine((oids) => oids.every((oid, i) => i === 0 || (oids[i - 1] ?? '') < oid), {
        error: 'is not sorted, or names a commit twice',
      })
      .optional(),
    about: aboutSchema.optional(),
    namedBy,
  }),
  z.strictObject({
    kind: z.literal('file'),
    ...base,
    url: textSchema,
    sha256: digestSchema,
    size: sizeSchema.optional(),
    version: versionSchema.optional(),
    mirror: mirrorName.optional(),
  }),
  z.strictObject({ kind: z.literal('file'), ...base, url: textSchema, files: digestSchema }),
  z.strictObject({
    kind: z.literal('file'),
    ...base,
    url: textSchema,
    release: sizedDigestSchema,
    signature: sizedDigestSchema.optional(),
    files: digestSchema,
  }),
  z.strictObject({ kind: z.literal('file'), ...base, path: textSchema, sha256: digestSchema }),
  z.strictObject({ kind: z.literal('file'), ...base, path: textSchema, files: digestSchema }),
]);
const lockSchema = z.strictObject({
  format: z.literal(FORMATS.lock),
  bundle: nameSchema,
  pins: z.array(pinSchema).max(100_000),
  waived: z
    .array(
      z.union([
        z.strictObject({ image: textSchema, namedBy: namedBySchema }),
        z.strictObject({ chart: textSchema, namedBy: namedBySchema }),
        z.strictObject({ git: textSchema, namedBy: namedBySchema }),
      ]),
    )
    .min(1)
    .max(100_000)
    .optional(),
  found: digestSchema.optional(),
}) as unknown as z.ZodType<Lock>;

/** Parses bundle.lock.json. The file is JSON that people may format as they like. Throws `LIMIT_EXCEEDED`, `JSON_INVALID`, `FORMAT_UNKNOWN` or `CONFIG_INVALID`. */
export function parseLock(bytes: Uint8Array, file: string): Lock {
  const value = parseJson(bytes, file, { maxBytes: 268_435_456, maxDepth: 12 });
  requireFormat(value, 'lock', file);
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success) throw documentError('CONFIG_INVALID', file, toProblems(parsed.error));
  requireOnePinEach(parsed.data, file);
  return parsed.data;
}

/** Merging two branches by hand can leave an item pinned twice. */
function requireOnePinEach({ pins }: Lock, file: string): void {
  const seen = new Set<string>();
  const problems = pins.flatMap(({ kind, id }, i) => {
    const key = `${kind} ${id}`;
    if (seen.has(key)) return [{ path: `pins[${i}]`, message: `${key} is pinned twice` }];
    seen.add(key);
    return [];
  });
  if (problems.length > 0) throw documentError('CONFIG_INVALID', file, problems);
}

/** Two-space indentation, members in canonical order, one newline at the end: the same pins give the same bytes, and a reviewer can read the difference. */
export function encodeLock(lock: Lock): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(lock)), undefined, 2)}\n`;
}

export function makeLock(bundle: string, pins: readonly Pin[], waived: readonly WaivedItem[] = []): Lock {
  const key = (pin: Pin): string => `${pin.kind} ${pin.id}`;
  const sorted = [...pins].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    format: FORMATS.lock,
    bundle,
    pins: sorted,
    ...(waived.length > 0 && { waived: [...waived].sort((a, b) => (waivedKey(a) < waivedKey(b) ? -1 : 1)) }),
  };
}

/** What was found when the lock was made, in one digest, of its canonical JSON: what names each pin, which of its commits are submodules, what charts were rendered with, and what is waived. `--locked` looks into nothing, so nobody else
 *  would notice that a merge or an editor took away the pin of an image that content needs. */
export function foundDigest({ pins, waived = [] }: Pick<Lock, 'pins' | 'waived'>): Digest {
  const found = pins
    .map((pin) => ({
      kind: pin.kind,
      id: pin.id,
      ...('rendered' in pin && { rendered: pin.rendered }),
      ...('namedBy' in pin && { namedBy: pin.namedBy }),
      ...('commits' in pin && { commits: pin.commits }),
    }))
    .filter((one) => 'rendered' in one || 'namedBy' in one || 'commits' in one);
  return digestOf(canonicalBytes({ pins: found, waived }));
}

function waivedKey(waived: WaivedItem): string {
  const { kind, name } = waivableOf(waived);
  return `${kind} ${name}`;
}

/** Pins in the order of the wishes. Throws `LOCK_STALE` naming every wish without a pin, and every pin without a wish or of something else than its wish names. `derived`: may the pin be there without a wish of the bundle? */
export function pinsFor(
  wishes: readonly Wish[],
  lock: Lock,
  derived: (pin: Pin) => boolean = () => false,
): Pin[] {
  const byWish = Map.groupBy(lock.pins, (pin) => pin.wish);
  const wanted = new Map<Digest, Wish>(wishes.map((wish) => [wishDigest(wish), wish]));
  const unpinned = wishes.filter((wish) => !byWish.has(wishDigest(wish))).map(describeWish);
  const stale = lock.pins
    .filter((pin) => {
      const wish = wanted.get(pin.wish);
      return wish === undefined ? !derived(pin) : !answersWish(pin, wish);
    })
    .map((pin) => `${pin.kind} ${pin.id}`);
  if (unpinned.length > 0 || stale.length > 0) throw staleLock(unpinned, stale);
  return wishes.flatMap((wish) => byWish.get(wishDigest(wish)) ?? []);
}

function staleLock(unpinned: readonly string[], stale: readonly string[]): GapferryError {
  const parts = [
    ...(unpinned.length > 0 ? [`no pin for ${unpinned.slice(0, 10).join(', ')}`] : []),
    ...(stale.length > 0 ? [`pinned but no longer wanted: ${stale.slice(0, 10).join(', ')}`] : []),
  ];
  return new GapferryError({
    code: 'LOCK_STALE',
    message: `the lock does not fit bundle.yaml: ${parts.join('; ')}`,
    hint: 'run "gapferry resolve" (or collect without --locked), look at what changed in the lock, and commit it',
    data: { unpinned, stale },
  });
}

/** What moved between two locks of one bundle. */
export interface Drift {
  readonly id: string;
  readonly kind: Pin['kind'];
  /** `described`: only what a repository's host says of it is another. */
  readonly change: 'added' | 'removed' | 'moved' | 'described';
}

/** Compares pins by identity, sorted by kind, then id; what a pin was found from, and what names it, does not count. */
export function driftBetween(before: Lock | undefined, after: Lock): Drift[] {
  const key = (pin: Pin): string => `${pin.kind} ${pin.id}`;
  const old = new Map((before?.pins ?? []).map((pin) => [key(pin), pin]));
  const now = new Map(after.pins.map((pin) => [key(pin), pin]));
  const drift: Drift[] = [];
  for (const [name, pin] of now) {
    const change = changeOf(old.get(name), pin);
    if (change !== undefined) drift.push({ id: pin.id, kind: pin.kind, change });
  }
  for (const [name, pin] of old)
    if (!now.has(name)) drift.push({ id: pin.id, kind: pin.kind, change: 'removed' });
  return drift.sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
}

function changeOf(was: Pin | undefined, pin: Pin): Drift['change'] | undefined {
  if (was === undefined) return 'added';
  const content = (of: Pin): string =>
    canonicalJson({ ...of, wish: undefined, namedBy: undefined, rendered: undefined, about: undefined });
  if (content(was) !== content(pin)) return 'moved';
  const about = (of: Pin) => (of.kind === 'git' ? of.about : undefined);
  return isSameAbout(about(was), about(pin)) ? undefined : 'described';
}
