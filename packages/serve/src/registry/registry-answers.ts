import { type Answer, jsonAnswer } from '../http/answer.ts';

/** Error codes of the distribution-spec that a read-only registry needs. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'
  | 'UNKNOWN';

/** Sent with every answer below `/v2/`; old clients look for it. */
export const API_VERSION: Readonly<Record<string, string>> = {
  'Docker-Distribution-Api-Version': 'registry/2.0',
};

/** Distribution-spec, error codes. */
export function registryError(
  status: number,
  code: RegistryErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { errors: [{ code, message }] }, { ...API_VERSION, ...headers });
}
