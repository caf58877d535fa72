import { isGapferryError, parseImageReference, repositoryOf } from '@gapferry/core';
import { z } from 'zod';
import { demandPattern } from './demand-glob.ts';
import { matchesGlob } from './glob.ts';

/** An image that charts name and that is left out on purpose. */
export interface Waiver {
  /** A pattern as in `allow` lists, held against `host/path:tag` and `host/path`. */
  readonly image: string;
  /** For those who review bundle.yaml and the report. */
  readonly reason: string;
}

export const waiverEntry: z.ZodType<Waiver> = z.strictObject({
  image: demandPattern,
  reason: z
    .string()
    .max(500)
    .refine((text) => text.trim() !== '', { error: 'must say why the image is not needed' }),
});

/** The first waiver that covers an image. What is no reference is held against patterns as it is written. */
export function waiverOf(image: string, waivers: readonly Waiver[]): Waiver | undefined {
  const names = namesOf(image);
  return waivers.find((waiver) => names.some((name) => matchesGlob(waiver.image, name)));
}

function namesOf(image: string): string[] {
  try {
    const { tag, digest, ...repository } = parseImageReference(image);
    const name = repositoryOf(repository);
    return [image, name, ...(tag !== undefined && digest !== undefined ? [`${name}:${tag}`] : [])];
  } catch (error) {
    if (!isGapferryError(error, 'REFERENCE_INVALID')) throw error;
    return [image];
  }
}
