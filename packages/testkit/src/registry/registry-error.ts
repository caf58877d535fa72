import { jsonReply, type Reply } from '../http/reply.ts';

/** Error codes of the OCI distribution-spec, with the status that distribution answers; and those of products. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  PRECONDITION: 412,
  PROJECTPOLICYVIOLATION: 412,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_IMMUTABLE: 409,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
} as const;

export type RegistryErrorCode = keyof typeof STATUS;

/** What the fake throws to answer with an error of the distribution-spec. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it is not the usual one of the code. */
  readonly status: number;

  constructor(
    code: RegistryErrorCode,
    message: string,
    detail?: unknown,
    headers: Record<string, string> = {},
    status: number = STATUS[code],
  ) {
    super(message);
    this.code = code;
    this.detail = detail;
    this.headers = headers;
    this.status = status;
  }

  toReply(): Reply {
    const error = { code: this.code, message: this.message, detail: this.detail ?? null };
    return jsonReply(this.status, { errors: [error] }, { ...this.headers });
  }
}
