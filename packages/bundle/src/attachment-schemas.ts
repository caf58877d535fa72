import {
  type Attachment,
  canonicalJson,
  GIT_OBJECT_LIMITS,
  type GitCheck,
  type UpstreamCheck,
} from '@gapferry/core';
import { z } from 'zod';
import { descriptorSchema, digestSchema, refNameSchema, textSchema } from './schemas.ts';

/** cosign's tags (sigstore/cosign, specs/SIGNATURE_SPEC.md); the hex digits are the subject's. */
export const ATTACHMENT_TAG: RegExp = /^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$/;

/** Members `attachments` and `checked` of manifest and lock: shapes only. Absent where there are none, never empty. */
export const attachmentsSchema: z.ZodType<readonly Attachment[]> = z
  .array(
    z.strictObject({
      subject: digestSchema,
      root: descriptorSchema,
      artifactType: z
        .string()
        .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/)
        .optional(),
      tag: z
        .string()
        .regex(ATTACHMENT_TAG, { error: 'must be sha256-, 64 hex digits, and .sig, .att or .sbom' })
        .optional(),
    }),
  )
  .min(1)
  .max(10_000) as unknown as z.ZodType<readonly Attachment[]>;

const cosignKey = z.strictObject({ by: z.literal('cosign-key'), key: digestSchema });
const cosignIdentity = z.strictObject({
  by: z.literal('cosign-identity'),
  identity: textSchema,
  issuer: textSchema,
});
const fingerprint = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, {
  error: 'must be the fingerprint of an OpenPGP key, in lower-case hex digits',
});
const provenance = z.strictObject({ by: z.literal('helm-provenance'), fingerprint });
const refs = z.array(refNameSchema).min(1).max(GIT_OBJECT_LIMITS.objects);
const gitSsh = z.strictObject({
  by: z.literal('git-ssh'),
  key: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, {
    error: 'must be the fingerprint of an SSH key, as ssh-keygen -l shows it',
  }),
  principal: textSchema,
  refs,
});
const gitOpenPgp = z.strictObject({ by: z.literal('git-openpgp'), fingerprint, refs });

export const imageCheckedSchema: z.ZodType<readonly UpstreamCheck[]> = z
  .array(z.discriminatedUnion('by', [cosignKey, cosignIdentity]))
  .min(1)
  .max(100);

export const chartCheckedSchema: z.ZodType<readonly UpstreamCheck[]> = z
  .array(z.discriminatedUnion('by', [cosignKey, cosignIdentity, provenance]))
  .min(1)
  .max(100);

export const gitCheckedSchema: z.ZodType<readonly GitCheck[]> = z
  .array(z.discriminatedUnion('by', [gitSsh, gitOpenPgp]))
  .min(1)
  .max(1000);

/** The order in which `checked` of an image or chart is written. */
export function checkKey(check: UpstreamCheck): string {
  return canonicalJson(check);
}
