import { jsonReply, type Reply } from '../http/reply.ts';

const CODES = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  412: 'PRECONDITION',
} as const;

/** What Harbor's API answers when it refuses (swagger: Errors). */
export class HarborError extends Error {
  readonly status: keyof typeof CODES;

  constructor(status: keyof typeof CODES, message: string) {
    super(message);
    this.status = status;
  }

  toReply(): Reply {
    return jsonReply(this.status, { errors: [{ code: CODES[this.status], message: this.message }] });
  }
}
