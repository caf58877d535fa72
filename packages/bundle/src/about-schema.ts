import { ABOUT_LIMITS, aboutLine, homepageOf, type RepositoryAbout } from '@gapferry/core';
import { z } from 'zod';

/** What is written down of a repository's host (docs/spec/03-manifest.md): a writer leaves out what says nothing, so a reader takes nothing that is empty, unsorted or not printable. */
export const aboutSchema: z.ZodType<RepositoryAbout, RepositoryAbout> = z
  .strictObject({
    description: text((value) => aboutLine(value) === value, 'is not one printable line').optional(),
    homepage: text((value) => homepageOf(value) === value, 'is not the URL of a web page').optional(),
    topics: z
      .array(z.string().regex(/^[a-z0-9-]{1,50}$/))
      .min(1)
      .max(ABOUT_LIMITS.topics)
      .refine(isSorted, { error: 'is not sorted, or names a topic twice' })
      .optional(),
  })
  .refine((about) => Object.keys(about).length > 0, { error: 'is empty' }) as unknown as z.ZodType<
  RepositoryAbout,
  RepositoryAbout
>;

function text(judge: (value: string) => boolean, error: string): z.ZodType<string, string> {
  return z.string().min(1).max(ABOUT_LIMITS.text).refine(judge, { error });
}

function isSorted(topics: readonly string[]): boolean {
  return topics.every((topic, i) => i === 0 || (topics[i - 1] ?? '') < topic);
}
