import {
  canonicalBytes,
  canonicalJson,
  type Digest,
  type PruneStep,
  parseCanonicalJson,
} from '@gapferry/core';
import { z } from 'zod';
import { FORMATS, requireFormat } from './formats.ts';
import { documentError, toProblems } from './problems.ts';
import { digestSchema, nameSchema, sequenceSchema, timeSchema, versionSchema } from './schemas.ts';

/** 64 MiB. */
export const PRUNE_FILE_LIMIT: number = 64 << 20;

/** What a prune would take away, as somebody approves it (docs/guides/rollback-and-prune.md). An expectation, never an input: whoever prunes looks again and compares. */
export interface PruneFile {
  readonly format: 'gapferry.prune/1';
  readonly site: string;
  /** `siteDigest` of the site file. */
  readonly siteFile: Digest;
  /** Releases of a channel that stay at least. */
  readonly keep: number;
  /** Absent: all of the site. */
  readonly channel?: string;
  /** Of those that are pruned. */
  readonly channels: readonly PrunedChannel[];
  readonly targets: readonly PrunedTarget[];
  /** When, and by which gapferry. Binds nothing. */
  readonly made: { readonly at: string; readonly by: string };
}

export interface PrunedChannel {
  readonly channel: string;
  readonly stays: readonly PrunedRelease[];
  readonly goes: readonly PrunedRelease[];
}

export interface PrunedRelease {
  readonly sequence: number;
  readonly version: string;
  readonly statement: Digest;
}

/** One target, asked about one channel. */
export interface PrunedTarget {
  readonly target: string;
  readonly channel: string;
  /** Why nothing is pruned there. */
  readonly because?: string;
  readonly steps: readonly PruneStep[];
}

const text = z.string().max(4000);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const release = z.strictObject({ sequence: sequenceSchema, version: versionSchema, statement: digestSchema });
const step = z.strictObject({
  place: text,
  what: z.enum(['name', 'manifest', 'blob', 'file', 'objects', 'files', 'refs']),
  count: count.optional(),
  bytes: count.optional(),
  stays: text.optional(),
});
const schema = z.strictObject({
  format: z.literal(FORMATS.prune),
  site: nameSchema,
  siteFile: digestSchema,
  keep: z.number().int().min(1).max(1_000_000),
  channel: nameSchema.optional(),
  channels: z.array(z.strictObject({ channel: nameSchema, stays: z.array(release), goes: z.array(release) })),
  targets: z.array(
    z.strictObject({
      target: text,
      channel: nameSchema,
      because: text.optional(),
      steps: z.array(step),
    }),
  ),
  made: z.strictObject({ at: timeSchema, by: text }),
}) as unknown as z.ZodType<PruneFile>;

/** Canonical JSON. */
export function encodePruneFile(file: PruneFile): Uint8Array {
  return canonicalBytes(file);
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID`, `FORMAT_UNKNOWN`, and `CONFIG_INVALID` with every member that is wrong. */
export function parsePruneFile(bytes: Uint8Array, what: string): PruneFile {
  const value = parseCanonicalJson(bytes, what, { maxBytes: PRUNE_FILE_LIMIT, maxDepth: 8 });
  requireFormat(value, 'prune', what);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw documentError('CONFIG_INVALID', what, toProblems(parsed.error));
  return parsed.data;
}

/** What is other now than it was approved, in one clause each; empty where all is the same. Who made it and when counts for nothing. */
export function comparePruneFiles(was: PruneFile, is: PruneFile): readonly string[] {
  return [...compareChoices(was, is), ...compareSteps(was.targets, is.targets)];
}

/** The same of what was begun and broke off: what is gone by now was approved to go, and what stays may stay. What would go and was not approved is told. */
export function compareRest(was: PruneFile, is: PruneFile): readonly string[] {
  const approved = new Set(goingKeys(was));
  const more = goingKeys(is).filter((key) => !approved.has(key));
  return [...compareChoices(was, is), ...more.map((key) => `${key} is new`)];
}

function compareChoices(was: PruneFile, is: PruneFile): string[] {
  const changed = (['site', 'siteFile', 'keep', 'channel'] as const).flatMap((member) =>
    was[member] === is[member] ? [] : [`${NAMES[member]} was ${was[member]}, is ${is[member]}`],
  );
  return [...changed, ...compareLists(was.channels, is.channels, ({ channel }) => `channel ${channel}`)];
}

function goingKeys({ targets }: PruneFile): string[] {
  return targets.flatMap(({ target, channel, steps }) =>
    steps.flatMap(({ place, what, stays }) =>
      stays === undefined ? [`${what} ${keyOf(place, channel, target)}`] : [],
    ),
  );
}

function keyOf(place: string, channel: string, target: string): string {
  return `${place} of channel ${channel} at target ${target}`;
}

const NAMES = { site: 'the site', siteFile: 'the site file', keep: 'keep', channel: 'the channel' } as const;

function compareSteps(was: readonly PrunedTarget[], is: readonly PrunedTarget[]): string[] {
  const flat = (targets: readonly PrunedTarget[]) =>
    targets.flatMap(({ target, channel, because, steps }) => [
      ...(because === undefined ? [] : [{ key: `target ${target} of channel ${channel}`, because }]),
      ...steps.map((one) => ({ key: keyOf(one.place, channel, target), ...one })),
    ]);
  return compareLists(flat(was), flat(is), ({ key }) => key);
}

function compareLists<T>(was: readonly T[], is: readonly T[], keyOf: (one: T) => string): string[] {
  const before = new Map(was.map((one) => [keyOf(one), canonicalJson(one as never)]));
  const now = new Map(is.map((one) => [keyOf(one), canonicalJson(one as never)]));
  return [
    ...[...before].flatMap(([key, value]) =>
      now.get(key) === value ? [] : [now.has(key) ? `${key} changed` : `${key} is gone`],
    ),
    ...[...now.keys()].flatMap((key) => (before.has(key) ? [] : [`${key} is new`])),
  ];
}
