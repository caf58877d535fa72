import { jsonReply, type Reply } from '../http/reply.ts';
import type { QuayPrincipal } from './quay-access.ts';

/** What Quay's API answers when it refuses (endpoints/exception.py: ApiException). */
export class QuayError extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }

  toReply(): Reply {
    const { message, type, status } = this;
    return jsonReply(status, {
      detail: message,
      error_message: message,
      error_type: type,
      title: type,
      status,
    });
  }
}

/** 403 for who is known, 401 for who is not. */
export function forbidden(who: QuayPrincipal): QuayError {
  return who.kind === 'nobody'
    ? new QuayError(401, 'invalid_token', 'Requires authentication')
    : new QuayError(403, 'insufficient_scope', 'Unauthorized');
}

export function problem(message: string): QuayError {
  return new QuayError(400, 'invalid_request', message);
}
