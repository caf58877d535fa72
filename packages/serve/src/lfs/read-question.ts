import { isGapferryError, parseJson } from '@gapferry/core';

/** What a client asks of the batch API. Ids and sizes are as it wrote them. */
export interface BatchQuestion {
  readonly operation: 'download' | 'upload';
  readonly objects: ReadonlyArray<{ readonly oid: string; readonly size: number }>;
}

/** A question that gets no other answer. */
export interface RefusedQuestion {
  readonly status: number;
  readonly why: string;
}

/** git-lfs asks about 100 at once. */
const MOST_OBJECTS = 1000;

/** Reads a question by the rules of git-lfs docs/api/batch.md. */
export function readQuestion(bytes: Uint8Array): BatchQuestion | RefusedQuestion {
  const asked = parse(bytes);
  if (asked === undefined) return refused(422, 'this is no JSON object');
  const { operation, transfers = ['basic'], hash_algo: hash = 'sha256', objects } = asked;
  if (operation !== 'download' && operation !== 'upload') return refused(422, 'the operation is not known');
  if (!Array.isArray(transfers) || !transfers.includes('basic'))
    return refused(422, 'only the basic transfer is offered');
  if (hash !== 'sha256') return refused(409, 'only sha256 is offered');
  if (!Array.isArray(objects)) return refused(422, 'no objects are named');
  if (objects.length > MOST_OBJECTS)
    return refused(413, `at most ${MOST_OBJECTS} objects may be asked about at once`);
  return objects.every(isObject) ? { operation, objects } : refused(422, 'an object has no id and size');
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(bytes, 'the question', { maxBytes: 1 << 20, maxDepth: 8 });
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is BatchQuestion['objects'][number] {
  const { oid, size } = (value ?? {}) as { readonly oid?: unknown; readonly size?: unknown };
  return typeof oid === 'string' && oid.length <= 200 && typeof size === 'number';
}

function refused(status: number, why: string): RefusedQuestion {
  return { status, why };
}
