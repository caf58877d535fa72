import { type ErrorCode, GapferryError } from '@gapferry/core';
import type { z } from 'zod';

/** What is said of a member that the schema has not. */
export const UNKNOWN = 'is not known here';

/** One thing that is wrong in a document. */
export interface Problem {
  /** Where: `items[3].blobs[0]`, or the empty string for the whole document. */
  readonly path: string;
  readonly message: string;
  /** 1-based, for documents people write. */
  readonly line?: number;
  readonly column?: number;
}

export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path)
    text += typeof part === 'number' ? `[${part}]` : text === '' ? String(part) : `.${String(part)}`;
  return text;
}

/** Flattens zod's issues; union issues are replaced by those of the alternative that came closest. */
export function toProblems(error: z.ZodError): Problem[] {
  return toFaults(error).map(({ parts, message }) => ({ path: formatPath(parts), message }));
}

/** A problem whose path is not yet text: names may contain dots. */
export interface Fault {
  readonly parts: readonly PropertyKey[];
  readonly message: string;
  /** It is the member's name that is wrong, not what it stands for. */
  readonly ofName?: true;
}

/** Like `toProblems`, with the parts of each path. */
export function toFaults(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue) => faultsOf(issue, []));
}

function faultsOf(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Fault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.reduce((best, next) => (score(next) > score(best) ? next : best));
    return closest.flatMap((inner) => faultsOf(inner, path));
  }
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ parts: [...path, key], message: UNKNOWN, ofName: true }));
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ parts: path, message, ofName: true }));
  return [{ parts: path, message: issue.message }];
}

/** The alternative that was meant: of the right type at all, then with the fewest mistakes, then with those that lie deepest. */
function score(issues: readonly z.core.$ZodIssue[]): number {
  if (issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)) return -Infinity;
  const mistakes = issues.map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.length : 1));
  return (
    Math.max(0, ...issues.map(({ path }) => path.length)) / 100 - mistakes.reduce((sum, n) => sum + n, 0)
  );
}

/** One error for all problems of a machine-written document. */
export function documentError(code: ErrorCode, what: string, problems: readonly Problem[]): GapferryError {
  const shown = problems
    .slice(0, 10)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = problems.length > 10 ? `; and ${problems.length - 10} more` : '';
  const isNewer = problems.length > 0 && problems.every(({ message }) => message === UNKNOWN);
  return new GapferryError({
    code,
    message: `${what} is refused: ${shown.join('; ')}${more}`,
    ...(isNewer && { hint: 'where a newer gapferry made it, update this one' }),
    data: { problems: problems.slice(0, 100) },
  });
}
