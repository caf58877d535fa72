import type { HttpClientOptions, SendRequest } from './http-client.ts';
import type { Patience } from './silence.ts';

/** Somebody who waits wants to know after so long what for. */
const TELL_MS = 10_000;

/** What a server checks, moves or copies in a millisecond, at least. */
const BYTES_PER_MS = 26_214;

/** How the silence that follows a question is borne. */
export interface BorneRequest extends Pick<SendRequest, 'workingBytes' | 'workingTimeoutMs'> {
  readonly body?: { readonly size: number };
  /** A small answer is wanted, and nothing changes: silence is borne for a shorter time. */
  readonly isReading?: boolean;
}

export type PatienceFor = (request: BorneRequest) => Patience;

export function createPatience({
  idleTimeoutMs = 60_000,
  readingTimeoutMs = idleTimeoutMs,
  leastBytes = 1024,
}: HttpClientOptions): PatienceFor {
  const answerMs = (bytes: number): number => idleTimeoutMs + Math.ceil(bytes / BYTES_PER_MS);
  return ({ body, isReading, workingBytes, workingTimeoutMs }) => ({
    idleMs: isReading ? readingTimeoutMs : idleTimeoutMs,
    leastBytes,
    answerMs: answerMs(workingBytes ?? body?.size ?? 0),
    ...(workingBytes !== undefined && { restMs: answerMs(workingBytes) }),
    ...(workingTimeoutMs !== undefined && { workingMs: workingTimeoutMs }),
    tellMs: Math.min(TELL_MS, idleTimeoutMs / 6),
  });
}
