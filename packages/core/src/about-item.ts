import { GapferryError } from './errors.ts';

/** The same error with the item in front, for adapters whose inner layers know only blobs and URLs. An error that names the item already, and one that is not ours, stay as they are. */
export function aboutItem(item: string, error: unknown): unknown {
  if (!(error instanceof GapferryError) || error.message.includes(item) || error.code === 'INTERRUPTED')
    return error;
  return new GapferryError({
    code: error.code,
    message: `${item}: ${error.message}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.origin !== undefined && { origin: error.origin }),
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    retryable: error.retryable,
    data: { ...error.data, item },
    cause: error,
  });
}
