import { GapferryError, type LfsObject, parseJson, printable } from '@gapferry/core';
import { z } from 'zod';
import { type Access, accessSchema, addressOf, expiryOf } from './access.ts';

/** What the server says of one object. */
export type BatchedObject =
  /** No action: it is as it should be. */
  | { readonly kind: 'done'; readonly object: LfsObject }
  | {
      readonly kind: 'action';
      readonly object: LfsObject;
      readonly action: LfsAction;
      readonly verify?: LfsAction;
    }
  | { readonly kind: 'error'; readonly object: LfsObject; readonly code: number; readonly message: string };

/** Where bytes come from or go to. `header` may hold a secret: it goes to the host of `href` only. */
export interface LfsAction {
  readonly href: string;
  readonly header: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 from which on it is of no use; absent: not known. */
  readonly expires?: number;
}

const object = z.object({
  oid: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  actions: z
    .object({
      download: accessSchema.optional(),
      upload: accessSchema.optional(),
      verify: accessSchema.optional(),
    })
    .optional(),
  error: z.object({ code: z.number().int(), message: z.string().optional() }).optional(),
});
// More members are allowed everywhere: the protocol grows so.
const answer = z.object({
  transfer: z.string().optional(),
  hash_algo: z.string().optional(),
  objects: z.array(object),
});
type Answer = z.infer<typeof answer>;
type Answered = Answer['objects'][number];

export interface BatchQuestion {
  readonly operation: 'download' | 'upload';
  readonly objects: readonly LfsObject[];
  /** Host that was asked, for messages. */
  readonly host: string;
  readonly item: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Reads an answer of the batch API (git-lfs docs/api/batch.md), in the order of the question: exactly the objects that were asked for, each with its size, once.
 *  Throws `PROTOCOL_VIOLATION` for anything else; never quotes an address, which may be signed. */
export function readBatchAnswer(bytes: Uint8Array, question: BatchQuestion): readonly BatchedObject[] {
  const { objects, transfer = 'basic', hash_algo: hash = 'sha256' } = parseAnswer(bytes, question);
  if (transfer !== 'basic')
    throw wrong(question, `wants to transfer by "${transfer}", which was not offered`);
  if (hash !== 'sha256') throw wrong(question, `names objects by "${hash}"`);
  const answered = new Map<string, Answered>();
  for (const one of objects) {
    if (answered.has(one.oid)) throw wrong(question, `answers twice for ${one.oid}`);
    answered.set(one.oid, one);
  }
  const batched = question.objects.map((asked) => {
    const hex = asked.oid.slice('sha256:'.length);
    const one = answered.get(hex);
    if (one === undefined) throw wrong(question, `says nothing of ${asked.oid}`);
    answered.delete(hex);
    return toBatched(asked, one, question);
  });
  const [foreign] = answered.keys();
  if (foreign !== undefined) throw wrong(question, `answers for ${foreign}, which nobody asked for`);
  return batched;
}

function parseAnswer(bytes: Uint8Array, question: BatchQuestion): Answer {
  const what = `what ${question.host} answers about the Git LFS objects of ${question.item}`;
  const parsed = answer.safeParse(parseJson(bytes, what, { maxBytes: 16_777_216, maxDepth: 12 }));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(question, `breaks the form of an answer at ${issue?.path.join('.').slice(0, 100)}`);
}

function toBatched(asked: LfsObject, one: Answered, question: BatchQuestion): BatchedObject {
  if (one.error !== undefined)
    return {
      kind: 'error',
      object: asked,
      code: one.error.code,
      message: printable((one.error.message ?? '').slice(0, 200)),
    };
  if (one.size !== asked.size)
    throw wrong(question, `has ${one.size} bytes as ${asked.oid} instead of ${asked.size}`);
  const wanted = one.actions?.[question.operation];
  if (wanted === undefined) return { kind: 'done', object: asked };
  const { verify } = one.actions ?? {};
  return {
    kind: 'action',
    object: asked,
    action: toAction(wanted, question),
    ...(verify !== undefined && { verify: toAction(verify, question) }),
  };
}

function toAction(access: Access, question: BatchQuestion): LfsAction {
  if (addressOf(access) === undefined)
    throw wrong(question, 'sends to an address that is none of HTTP, or has a password in it');
  return { href: access.href, header: access.header ?? {}, ...expiryOf(access, question.now) };
}

function wrong({ host, item }: BatchQuestion, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'source',
    message: printable(`${host} ${what} (Git LFS objects of ${item})`),
    hint: 'have the Git LFS server looked at, or say "lfs: none" in bundle.yaml',
    data: { host, item },
  });
}
