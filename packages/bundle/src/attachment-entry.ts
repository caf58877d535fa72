import { type AttachmentChoice, nearestName } from '@gapferry/core';
import { z } from 'zod';
import { sortedUnique } from './entry-schemas.ts';
import { mediaTypeSchema } from './schemas.ts';

/** `attachments` of an image: which of what belongs to it travels with it. */
export type AttachmentEntry = 'all' | 'none' | readonly string[];

/** What cosign's tags hold: `.sig`, `.att`, `.sbom`. */
const WORDS = ['signature', 'attestation', 'sbom'];

const attachmentType = z
  .string()
  .max(255)
  .refine((type) => WORDS.includes(type) || mediaTypeSchema.safeParse(type).success, {
    error: ({ input }) => notAType(String(input)),
  });

export const attachmentEntry: z.ZodType<AttachmentEntry> = z.union([
  z.enum(['all', 'none']),
  z.array(attachmentType).min(1).max(100),
]);

function notAType(text: string): string {
  const near = nearestName(text, WORDS);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  return `"${text.slice(0, 100)}" is neither an artifact type (a media type) nor ${WORDS.join(', ')}${meant}`;
}

/** Absent: all. */
export function toAttachmentChoice(entry: AttachmentEntry | undefined): { attachments?: AttachmentChoice } {
  if (entry === undefined || entry === 'all') return {};
  return { attachments: { types: entry === 'none' ? [] : sortedUnique(entry as readonly string[]) } };
}
