import type { Run } from '@gapferry/core';
import type { HttpAnswer, SendRequest } from '@gapferry/http';
import { atTarget, type Purpose, targetRefusal } from './target-refusal.ts';

export interface TargetQuestion extends Purpose, Pick<SendRequest, 'body' | 'workingBytes'> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers. */
  readonly accept: readonly number[];
  readonly maxBytes?: number;
}

/** Statuses by which a registry refuses for good: judged here, in the words of pushing. All others that are not accepted are errors of the HTTP client, which knows when to try again. */
const REFUSALS = [400, 401, 403, 404, 405, 409, 411, 412, 413, 415, 416, 422, 507] as const;

/** One question to the registry that is written to. GET and HEAD are tried again after failed trips, the others never. Throws with origin `target`. */
export async function askTarget(question: TargetQuestion, run: Run): Promise<HttpAnswer> {
  const { place, doing, method, body, workingBytes, accept, ...rest } = question;
  const request = { ...rest, accept: [...new Set([...accept, ...REFUSALS])] };
  const asked =
    method === 'GET' || method === 'HEAD'
      ? place.http.request({ ...request, method }, run)
      : place.http.send(
          {
            ...request,
            method,
            ...(body !== undefined && { body }),
            ...(workingBytes !== undefined && { workingBytes }),
          },
          run,
        );
  const answer = await asked.catch((error: unknown) => {
    throw atTarget(error);
  });
  if (accept.includes(answer.status)) return answer;
  throw targetRefusal(answer, { place, doing, item: rest.item });
}
