import { CONTENT_KINDS, type ContentKind } from '@gapferry/core';
import { z } from 'zod';

/** How old content may be that comes in: an entry of `content` in trust.yaml (docs/spec/07-trust-policy.md). At least one of `kind` and `match`. */
export interface ContentRule {
  /** Content of this kind; with `match`: what that fits must be of this kind. */
  readonly kind?: ContentKind;
  /** Held against ids of images and files. What it fits must be content with a date. */
  readonly match?: string;
  readonly maxAgeDays: number;
}

export const contentRuleEntry: z.ZodType<ContentRule, ContentRule> = z
  .strictObject({
    kind: z.enum(CONTENT_KINDS).optional(),
    match: z.string().min(1).max(500).optional(),
    maxAgeDays: z.number().int().min(1).max(36_500),
  })
  .refine(({ kind, match }) => kind !== undefined || match !== undefined, {
    error: 'names nothing: say kind, match, or both',
  }) as unknown as z.ZodType<ContentRule, ContentRule>;
