/** What kind of trouble an error is; decides the exit code (docs/cli/exit-codes.md). */
export type ErrorCategory =
  | 'usage'
  | 'integrity'
  | 'trust'
  | 'incomplete'
  | 'transport'
  | 'conflict'
  | 'storage'
  | 'interrupted'
  | 'internal';

/** Every code gapferry can report, with its category. The union of codes is closed: a new one is added here. */
export const ERROR_CODES = {
  USAGE: 'usage',
  CONFIG_INVALID: 'usage',
  REFERENCE_INVALID: 'usage',
  RELEASE_NOT_FOUND: 'usage',
  RELEASE_AMBIGUOUS: 'usage',
  KEY_UNUSABLE: 'usage',
  TOOL_MISSING: 'usage',
  FIRST_RELEASE_UNCLEAR: 'usage',
  LOCK_STALE: 'usage',
  DIGEST_INVALID: 'integrity',
  DIGEST_MISMATCH: 'integrity',
  SIZE_MISMATCH: 'integrity',
  JSON_INVALID: 'integrity',
  FORMAT_UNKNOWN: 'integrity',
  LIMIT_EXCEEDED: 'integrity',
  MANIFEST_INVALID: 'integrity',
  STATEMENT_INVALID: 'integrity',
  LAYOUT_INVALID: 'integrity',
  CONTENT_INVALID: 'integrity',
  NAME_UNSAFE: 'integrity',
  LEDGER_TAMPERED: 'integrity',
  SIGNATURE_MISSING: 'trust',
  SIGNATURE_INVALID: 'trust',
  KEY_UNKNOWN: 'trust',
  KEY_EXPIRED: 'trust',
  KEY_DENIED: 'trust',
  RELEASE_DENIED: 'trust',
  RELEASE_EXPIRED: 'trust',
  CHANNEL_UNKNOWN: 'trust',
  THRESHOLD_NOT_MET: 'trust',
  SCOPE_VIOLATION: 'trust',
  ROLLBACK: 'trust',
  OVERRIDE_REFUSED: 'trust',
  FORK: 'trust',
  FUTURE_RELEASE: 'trust',
  TRUST_NOT_PINNED: 'trust',
  TRUST_MISMATCH: 'trust',
  POLICY_UNSUPPORTED: 'trust',
  CONTENT_TOO_OLD: 'trust',
  BLOB_MISSING: 'incomplete',
  RELEASE_INCOMPLETE: 'incomplete',
  SOURCE_NOT_FOUND: 'incomplete',
  PLATFORM_NOT_FOUND: 'incomplete',
  UNREACHABLE: 'transport',
  TIMED_OUT: 'transport',
  CONNECTION_CUT: 'transport',
  UNAUTHORIZED: 'transport',
  FORBIDDEN: 'transport',
  RATE_LIMITED: 'transport',
  SERVER_ERROR: 'transport',
  PROTOCOL_VIOLATION: 'transport',
  GIT_FAILED: 'transport',
  TARGET_CONFLICT: 'conflict',
  PLAN_MOVED: 'conflict',
  NO_SPACE: 'storage',
  LOCKED: 'storage',
  STORAGE_FAILED: 'storage',
  READ_ONLY: 'storage',
  LEDGER_UNWRITABLE: 'storage',
  INTERRUPTED: 'interrupted',
  INTERNAL: 'internal',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Fails to compile when a code has a category that is not one. */
export function categoryOf(code: ErrorCode): ErrorCategory {
  return ERROR_CODES[code];
}
