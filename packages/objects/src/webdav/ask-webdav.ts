import { type ErrorInit, GapferryError, type Run } from '@gapferry/core';
import {
  createTries,
  type HttpAnswer,
  type HttpClient,
  type SendRequest,
  type TryOptions,
} from '@gapferry/http';
import type { WebdavPath } from './webdav-server.ts';

export interface WebdavParts {
  readonly http: HttpClient;
  /** `https://host[:port][/path]` without a slash at the end. */
  readonly url: string;
  readonly tries: TryOptions;
}

export interface WebdavChange extends Pick<SendRequest, 'method' | 'headers' | 'body' | 'workingBytes'> {
  /** Statuses that are answers; all others become errors. */
  readonly accept: readonly number[];
  /** Of a collection: a slash at the end. */
  readonly isCollection?: boolean;
}

/** Statuses that this protocol gives a meaning of its own (RFC 4918, section 11), and the one that servers have for a full disk as well. */
const SPEAKING = [405, 409, 412, 413, 423, 500, 501, 507];

/** Asks for a change, again after failed trips. */
export async function change(
  parts: WebdavParts,
  at: WebdavPath,
  { accept, isCollection, ...question }: WebdavChange,
  run: Run,
): Promise<HttpAnswer> {
  const request: SendRequest = {
    ...question,
    url: `${urlOf(parts, at)}${isCollection ? '/' : ''}`,
    item: at.item,
    accept: [...new Set([...accept, ...SPEAKING])],
  };
  const tries = createTries(at.item, new URL(parts.url).host, parts.tries);
  for (;;) {
    try {
      const answer = await parts.http.send(request, run);
      if (accept.includes(answer.status)) return answer;
      throw webdavError(parts, at, question.method, answer.status);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

export function urlOf({ url }: Pick<WebdavParts, 'url'>, { path }: Pick<WebdavPath, 'path'>): string {
  return `${url}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

export function placeOf({ url }: Pick<WebdavParts, 'url'>): string {
  return url.replace(/^https?:\/\//, '');
}

export function inTheWay(parts: WebdavParts, { path, item }: WebdavPath): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item}: ${path} in ${placeOf(parts)} is in the way: it is no file`,
    hint: 'look at it and move it away',
    origin: 'target',
    data: { item, path },
  });
}

export function changedMeanwhile(parts: WebdavParts, { path, item }: WebdavPath): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item}: ${path} in ${placeOf(parts)} changed while it was being loaded`,
    hint: 'find out who else writes there, then plan again',
    origin: 'target',
    data: { item, path },
  });
}

function webdavError(parts: WebdavParts, at: WebdavPath, method: string, status: number): GapferryError {
  const { path, item } = at;
  if (status === 412) return changedMeanwhile(parts, at);
  const { code, why, hint, retryable = false } = judge(status, method);
  return new GapferryError({
    code,
    message: `${item}: ${placeOf(parts)} does not take ${path}: ${why} (it answered ${status} to ${method})`,
    hint,
    retryable,
    origin: 'target',
    data: { item, path, status },
  });
}

interface Judgement extends Pick<ErrorInit, 'code' | 'retryable'> {
  readonly why: string;
  readonly hint: string;
}

function judge(status: number, method: string): Judgement {
  switch (status) {
    case 500:
      return {
        code: 'SERVER_ERROR',
        why: 'the server has trouble',
        hint: 'its log says why; a full disk shows like this at nginx and wsgidav: make room, then run the import again, it continues where it stopped',
        retryable: true,
      };
    case 507:
      return {
        code: 'NO_SPACE',
        why: 'there is no space left',
        hint: 'make room at the server, then run the import again: it continues where it stopped',
      };
    case 413:
      return {
        code: 'LIMIT_EXCEEDED',
        why: 'it is larger than the server takes',
        hint: 'raise the limit there (nginx: client_max_body_size)',
      };
    case 423:
      return { code: 'TARGET_CONFLICT', why: 'somebody locked it', hint: 'find out who, then plan again' };
    case 409:
      return {
        code: 'TARGET_CONFLICT',
        why: 'the directory above it is missing or is a file',
        hint: 'look at what is there; `url` of the target must name a directory that exists',
      };
    default:
      return {
        code: 'CONFIG_INVALID',
        why: `it has no ${method} there`,
        hint: 'let the server take PUT, MKCOL, MOVE and DELETE for these credentials (nginx: dav_methods)',
      };
  }
}
