import type { Reply } from '../http/reply.ts';

export const LFS_TYPE = 'application/vnd.git-lfs+json';

/** An answer of the batch API (git-lfs docs/api/batch.md). */
export interface BatchAnswer {
  transfer?: string;
  hash_algo?: string;
  objects: BatchObject[];
}

export interface BatchObject {
  oid: string;
  size: number;
  authenticated?: boolean;
  actions?: Record<
    string,
    { href: string; header?: Record<string, string>; expires_in?: number; expires_at?: string }
  >;
  error?: { code: number; message: string };
}

interface Rules {
  /** Bytes of an object that is there. */
  readonly size: (oid: string) => number | undefined;
  readonly limit: number;
  readonly action: (oid: string) => NonNullable<BatchObject['actions']>[string];
  /** Where an upload is told to be complete. */
  readonly verify: string;
}

interface Asked {
  readonly operation?: unknown;
  readonly transfers?: unknown;
  readonly hash_algo?: unknown;
  readonly objects?: unknown;
}

/** Judges a question by the rules of the API, and answers it. */
export function batchAnswer(body: Buffer, rules: Rules): { answer: BatchAnswer } | { reply: Reply } {
  let asked: Asked;
  try {
    asked = JSON.parse(body.toString('utf8')) as Asked;
  } catch {
    return { reply: lfsError(422, 'this is no JSON') };
  }
  const { operation, transfers = ['basic'], hash_algo: hash = 'sha256', objects } = asked;
  if (operation !== 'download' && operation !== 'upload')
    return { reply: lfsError(422, 'the operation is not known') };
  if (!Array.isArray(transfers) || !transfers.includes('basic'))
    return { reply: lfsError(422, 'only the basic transfer is offered') };
  if (hash !== 'sha256') return { reply: lfsError(409, 'only sha256 is offered') };
  if (!Array.isArray(objects) || objects.length === 0)
    return { reply: lfsError(422, 'no objects are named') };
  if (objects.length > rules.limit) return { reply: lfsError(413, `at most ${rules.limit} objects at once`) };
  const answered = objects.map((object) =>
    answerOne(object as { oid: unknown; size: unknown }, operation, rules),
  );
  return { answer: { transfer: 'basic', hash_algo: 'sha256', objects: answered } };
}

function answerOne(
  { oid, size }: { oid: unknown; size: unknown },
  operation: 'download' | 'upload',
  rules: Rules,
): BatchObject {
  const named = { oid: String(oid), size: Number(size) };
  const isFormed =
    typeof oid === 'string' && /^[0-9a-f]{64}$/.test(oid) && Number.isSafeInteger(size) && Number(size) >= 0;
  if (!isFormed) return { ...named, error: { code: 422, message: 'the object is named wrong' } };
  const there = rules.size(oid);
  if (operation === 'download' && there === undefined)
    return { ...named, error: { code: 404, message: 'Object does not exist' } };
  if (there !== undefined && there !== size)
    return { ...named, error: { code: 422, message: `the object has ${there} bytes` } };
  if (operation === 'download') return { ...named, actions: { download: rules.action(oid) } };
  if (there !== undefined) return named;
  return { ...named, actions: { upload: rules.action(oid), verify: { href: rules.verify } } };
}

export function lfsError(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': LFS_TYPE, ...headers }, body: JSON.stringify({ message }) };
}
