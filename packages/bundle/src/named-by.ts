import { byNaming, type DiscoveryMethod, type NamedBy, printable } from '@gapferry/core';
import { z } from 'zod';

/** Every way in which an image is found. */
const METHODS = [
  'pod-template',
  'custom-resource',
  'argument',
  'environment',
  'config-map',
  'annotation',
  'values',
  'kustomization',
  'submodule',
] as const satisfies readonly DiscoveryMethod[];

/** One line of visible text: it comes out of charts, and it is shown. */
const placeText = z
  .string()
  .min(1)
  .max(1000)
  .refine((text) => printable(text) === text && text.isWellFormed(), {
    error: 'has characters that do not belong in one line',
  });

/** Member `namedBy` of lock and manifest: shapes only. Absent where there is none, never empty. An image that names something is an artifact of manifests. */
export const namedBySchema: z.ZodType<readonly NamedBy[]> = z
  .array(
    z.strictObject({
      item: z.string().regex(/^(?:image|chart|git|file) [^\p{Cc}]{1,2000}$/u, {
        error: 'must be kind and id of an item with content that can name images',
      }),
      method: z.enum(METHODS),
      file: placeText,
      object: placeText.optional(),
      path: placeText,
    }),
  )
  .min(1)
  .max(10_000) as unknown as z.ZodType<readonly NamedBy[]>;

/** In order, each once, and by items of the release. `items`: kind and id of each. */
export function namingProblems(namedBy: readonly NamedBy[], items: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [i, naming] of namedBy.entries()) {
    const before = namedBy[i - 1];
    const order = before === undefined ? -1 : byNaming(before, naming);
    if (order === 0) problems.push(`it is named twice by one place of ${naming.item}`);
    else if (order > 0) problems.push(`what names it is not sorted: ${naming.item} is out of order`);
    if (!items.has(naming.item))
      problems.push(`it is named by ${naming.item}, which is no item of the release`);
  }
  return problems;
}
