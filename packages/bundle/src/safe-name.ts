import { unsafePathReason } from '@gapferry/core';
import { entryProblem } from './entry-problem.ts';

/** The `as` of an entry of bundle.yaml: a path that every file system can hold. Throws what `entryProblem` makes. */
export function safeName(path: string): string {
  const reason = unsafePathReason(path);
  if (reason !== undefined) throw entryProblem(`the name "${path}" is refused: ${reason}`, 'as');
  return path;
}
