import type { ExchangeRequest } from './ask.ts';
import type { HttpClientOptions } from './http-client.ts';
import type { Patience } from './silence.ts';

/** Somebody who waits wants to know after so long what for. */
const TELL_MS = 10_000;

/** What a server checks, moves or copies in a millisecond, at least. */
const BYTES_PER_MS = 26_214;

export type PatienceFor = (
  request: Pick<ExchangeRequest, 'body' | 'isReading' | 'workingBytes' | 'workingTimeoutMs'>,
) => Patience;

export function createPatience({
  idleTimeoutMs = 60_000,
  readingTimeoutMs = idleTimeoutMs,
  leastBytes = 1024,
}: HttpClientOptions): PatienceFor {
  return ({ body, isReading, workingBytes = body?.size ?? 0, workingTimeoutMs }) => ({
    idleMs: isReading ? readingTimeoutMs : idleTimeoutMs,
    leastBytes,
    answerMs: idleTimeoutMs + Math.ceil(workingBytes / BYTES_PER_MS),
    ...(workingTimeoutMs !== undefined && { workingMs: workingTimeoutMs }),
    tellMs: Math.min(TELL_MS, idleTimeoutMs / 6),
  });
}
