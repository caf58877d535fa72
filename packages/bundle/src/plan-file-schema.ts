import { z } from 'zod';
import { FORMATS } from './formats.ts';
import { MAX_REASON } from './override.ts';
import {
  digestSchema,
  nameSchema,
  sequenceSchema,
  sizeSchema,
  timeSchema,
  versionSchema,
} from './schemas.ts';

/** What a line of a plan may have at most: keys of stores and paths below long roots included. */
const line = z.string().min(1).max(8192);
const said = z.string().max(8192);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const present = z.literal(true);
const need = { target: nameSchema, action: line, on: said };
const permission = z.discriminatedUnion('state', [
  z.strictObject({ ...need, state: z.enum(['proven', 'probed']) }),
  z.strictObject({ ...need, state: z.literal('unknown'), reason: said }),
  z.strictObject({ ...need, state: z.literal('lacking'), remedy: said }),
]);
const refChange = z.strictObject({
  ref: line,
  how: z.enum(['create', 'forward', 'force', 'move-tag', 'prune']),
  from: line.optional(),
  commits: count.optional(),
  backup: line.optional(),
  lifts: line.optional(),
  refused: said.optional(),
});
const about = z.strictObject({
  description: said.optional(),
  homepage: said.optional(),
  topics: z.array(said).max(1000).optional(),
});
const step = z.strictObject({
  target: nameSchema,
  kind: z.enum(['image', 'chart', 'git', 'file']),
  item: line,
  of: z.literal('attachment').optional(),
  place: line,
  address: line.optional(),
  content: z.enum(['send', 'same']),
  name: z.enum(['create', 'move', 'describe', 'same']),
  bytes: sizeSchema,
  replaces: z.record(line, said).optional(),
  refs: z.array(refChange).max(1_000_000).optional(),
  lfs: count.optional(),
  isNew: present.optional(),
  makes: line.optional(),
  head: z.strictObject({ from: line.optional(), to: line }).optional(),
  about: z.strictObject({ from: about, to: about }).optional(),
  filtered: present.optional(),
  state: digestSchema,
});

const time = z.strictObject({
  ms: count,
  parts: z
    .array(
      z.strictObject({
        what: z.enum(['verify', 'send', 'read-back']),
        target: nameSchema.optional(),
        bytes: sizeSchema,
        perSecond: count,
        ms: count,
      }),
    )
    .max(1000),
  unknown: z.array(line).max(1000).optional(),
});

const override = z.strictObject({
  statement: digestSchema,
  from: digestSchema,
  reason: line.max(MAX_REASON),
  notAfter: timeSchema,
  signers: z
    .array(z.strictObject({ key: line, owner: line }))
    .min(1)
    .max(1000),
});

/** docs/spec/11-plan-file.md. */
export const planFileSchema: z.ZodType<unknown> = z.strictObject({
  format: z.literal(FORMATS.plan),
  site: nameSchema,
  release: z.strictObject({
    channel: nameSchema,
    sequence: sequenceSchema,
    version: versionSchema,
    statement: digestSchema,
    manifest: digestSchema,
  }),
  trust: z.strictObject({
    version: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    digest: digestSchema,
  }),
  siteFile: digestSchema,
  override: override.optional(),
  state: digestSchema,
  totals: z.strictObject({ items: count, toLoad: count, same: count, moved: count, bytes: sizeSchema }),
  permissions: z.array(permission).max(100_000).optional(),
  time: time.optional(),
  steps: z.array(step).max(1_000_000),
  made: z.strictObject({ at: timeSchema, by: z.string().min(1).max(100) }),
});
