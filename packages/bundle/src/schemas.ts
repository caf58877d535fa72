import { type Digest, isDigest, refNameProblem, unsafePathReason } from '@gapferry/core';
import { z } from 'zod';

/** Building blocks of the schemas of untrusted documents. Objects are strict everywhere: a reader does not accept what it does not understand. */
export const digestSchema: z.ZodType<Digest> = z.custom<Digest>(isDigest, {
  error: 'must be sha256: and 64 lower-case hex digits',
});

export const sizeSchema: z.ZodType<number> = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const textSchema: z.ZodType<string> = z.string().min(1).max(2000);

/** See `parseJson`; what is kept of a site has members that are names. */
const JSON_REFUSED: readonly string[] = ['constructor', 'prototype'];

/** Bundle, channel, target and site names: they become directory names, and members of what is recorded. */
export const nameSchema: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/, {
    error: 'must be 1 to 63 of a–z, 0–9, ".", "_", "-", beginning and ending with a letter or digit',
  })
  .refine((name) => unsafePathReason(name) === undefined, {
    error: 'is a name that some file systems refuse',
  })
  .refine((name) => !JSON_REFUSED.includes(name), {
    error: 'is a name that no JSON of gapferry has for a member',
  });

export const versionSchema: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,126}[A-Za-z0-9])?$/, {
    error: 'must be 1 to 128 of letters, digits, ".", "_", "+", "-"',
  });

export const sequenceSchema: z.ZodType<number> = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** RFC 3339 in UTC with whole seconds. */
export const timeSchema: z.ZodType<string> = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, { error: 'must be RFC 3339 in UTC with whole seconds' })
  .refine(isOnCalendar, { error: 'is not a date' });

export const mediaTypeSchema: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$/);

export const descriptorSchema: z.ZodType<{ mediaType: string; digest: Digest; size: number }> =
  z.strictObject({
    mediaType: mediaTypeSchema,
    digest: digestSchema,
    size: sizeSchema,
  });

export const sizedDigestSchema: z.ZodType<{ digest: Digest; size: number }> = z.strictObject({
  digest: digestSchema,
  size: sizeSchema,
});

export const oidSchema: z.ZodType<string> = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, { error: 'must be a Git object id' });

/** `refs/heads/…` or `refs/tags/…` by git's own rules (git-check-ref-format). */
export const refNameSchema: z.ZodType<string> = z
  .string()
  .refine((name) => refNameProblem(name) === undefined, {
    error: 'must be a branch or tag name by the rules of git check-ref-format',
  });

export const gitRefSchema: z.ZodType<{ name: string; oid: string }> = z.strictObject({
  name: refNameSchema,
  oid: oidSchema,
});

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isOnCalendar(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 19));
}
