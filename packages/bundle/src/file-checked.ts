import { canonicalJson, type FileCheck } from '@gapferry/core';
import { z } from 'zod';
import { mirrorName } from './host-entry.ts';
import { digestSchema } from './schemas.ts';

const of = z.literal('checksums').optional();
const fingerprint = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

/** `checked` of a file. */
export const fileCheckedSchema: z.ZodType<readonly FileCheck[]> = z
  .array(
    z.union([
      z.enum(['given-sha256', 'given-sha512', 'checksums', 'first-seen', 'clamav']),
      z.strictObject({ by: z.enum(['checksums', 'first-seen']), at: mirrorName }),
      z.strictObject({ by: z.literal('cosign-key'), key: digestSchema, of }),
      z.strictObject({ by: z.literal('openpgp'), fingerprint, of }),
      z.strictObject({ by: z.literal('minisign'), key: z.string().regex(/^[0-9A-F]{16}$/), of }),
    ]),
  )
  .max(10) as unknown as z.ZodType<readonly FileCheck[]>;

/** The order in which `checked` is written: by canonical JSON. */
export function sortedFileChecks(checks: readonly FileCheck[]): FileCheck[] {
  const byKey = new Map(checks.map((check) => [canonicalJson(check), bare(check)]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, check]) => check);
}

export function fileCheckProblems(checked: readonly FileCheck[]): string[] {
  const keys = checked.map((check) => canonicalJson(check));
  const at = keys.findIndex((key, i) => i > 0 && key <= (keys[i - 1] ?? ''));
  return at < 0 ? [] : ['what it was checked against is out of order or stands twice'];
}

function bare(check: FileCheck): FileCheck {
  if (typeof check === 'string') return check;
  if ('at' in check) return { by: check.by, at: check.at };
  const of = check.of === undefined ? {} : { of: check.of };
  switch (check.by) {
    case 'cosign-key':
      return { by: check.by, key: check.key, ...of };
    case 'openpgp':
      return { by: check.by, fingerprint: check.fingerprint, ...of };
    case 'minisign':
      return { by: check.by, key: check.key, ...of };
  }
}
