import { isGapferryError, parsePlatform, printable } from '@gapferry/core';
import { z } from 'zod';

/** Building blocks of the schemas of bundle.yaml's entries. */
export const entryText: z.ZodType<string, string> = z.string().min(1).max(1000);

/** A file or directory on this machine; stays as written. */
export const entryPath: z.ZodType<string, string> = entryText
  .refine((path) => !/^[a-z][a-z0-9+.-]*:\/\//i.test(path), {
    error: 'is not a file here: download it and write its path',
  })
  .refine((path) => printable(path) === path, { error: 'has characters that do not belong in a path' });

export const platformList: z.ZodType<string[], string[]> = z
  .array(
    checkedText(
      (platform) => void parsePlatform(platform),
      'must be os/architecture, for example linux/amd64',
    ),
  )
  .max(100);

/** Text that a rule of core takes; its error says why not, unless `instead` says it better. */
export function checkedText(check: (text: string) => void, instead?: string): z.ZodType<string, string> {
  return entryText.superRefine((text, context) => {
    try {
      check(text);
    } catch (error) {
      if (!isGapferryError(error)) throw error;
      context.addIssue({ code: 'custom', message: instead ?? withHint(error) });
    }
  });
}

/** An error in one line, for a list of problems. */
export function withHint({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string | undefined;
}): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

export function sortedUnique(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}
