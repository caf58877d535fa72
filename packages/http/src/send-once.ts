import type { Run } from '@gapferry/core';
import type { Exchange } from './exchange.ts';
import type { HttpAnswer, SendRequest } from './http-client.ts';
import type { Tries } from './tries.ts';
import { toTripBody } from './trip.ts';
import { readAnswer } from './whole-answer.ts';

/** Progress is told after this many bytes. */
const STEP = 1 << 20;

const WELL_DONE = [200, 201, 202, 204] as const;

/** One try. `tokenTries` counts the tries for a token alone: they leave nothing at the server. */
export async function sendOnce(
  exchange: Exchange,
  { body, ...request }: SendRequest,
  tokenTries: Tries,
  run: Run,
): Promise<HttpAnswer> {
  const progress = countOnce(request.item, run);
  const question = {
    accept: WELL_DONE,
    ...request,
    ...(body !== undefined || request.method !== 'DELETE'
      ? { body: toTripBody(body ?? new Uint8Array(), progress.reached) }
      : {}),
    tokenTries,
  };
  try {
    return await readAnswer(await exchange(question, {}, run), request);
  } finally {
    progress.tellRest();
  }
}

/** Bytes that are sent a second time, after a challenge or along a redirect, are no progress. */
function countOnce(item: string, run: Run): { reached: (at: number) => void; tellRest: () => void } {
  let [furthest, told] = [0, 0];
  const tell = (): void => {
    if (furthest > told) run.emit({ kind: 'bytes', item, bytes: furthest - told });
    told = furthest;
  };
  return {
    reached(at) {
      furthest = Math.max(furthest, at);
      if (furthest - told >= STEP) tell();
    },
    tellRest: tell,
  };
}
