import { CONTENT_KINDS, type ContentDate, formatTime } from '@gapferry/core';
import { z } from 'zod';

const time = z.string().refine(isTime, { error: 'is not a time in UTC with whole seconds' });

/** `content` of an item (docs/spec/03-manifest.md). */
export const contentDateSchema: z.ZodType<ContentDate> = z.strictObject({
  kind: z.enum(CONTENT_KINDS),
  updated: time,
  maxAge: z
    .number()
    .int()
    .min(1)
    .max(9999 * 604_800)
    .optional(),
  until: time.optional(),
}) as unknown as z.ZodType<ContentDate>;

function isTime(text: string): boolean {
  const time = Date.parse(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(time) && formatTime(new Date(time)) === text;
}

/** Members in one order, absent ones left out. */
export function bareContentDate({ kind, updated, maxAge, until }: ContentDate): ContentDate {
  return { kind, updated, ...(maxAge !== undefined && { maxAge }), ...(until !== undefined && { until }) };
}
