import { GapferryError, isGapferryError, isInterruption, redact } from '@gapferry/core';
import { exitCodeOf } from '../exit-codes.ts';
import { safeLines } from './output.ts';

/** Turns whatever was thrown into a GapferryError: oclif's parse errors are usage, a stopped run is an interruption, everything else is a bug of ours. */
export function toGapferryError(error: unknown): GapferryError {
  if (isGapferryError(error)) return error;
  if (isInterruption(error)) return interruption();
  if (isParseError(error)) return usageError(error);
  if (isFull(error)) return diskFull(error);
  return new GapferryError({
    code: 'INTERNAL',
    message: `this is a bug in gapferry: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'run the command again with --debug and report what it prints',
    cause: error,
  });
}

/** Whoever wrote did not know how to say it: it is no bug all the same. */
function isFull(error: unknown): error is Error {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function diskFull(cause: Error): GapferryError {
  const { path } = cause as NodeJS.ErrnoException;
  return new GapferryError({
    code: 'NO_SPACE',
    message: `no space left${path === undefined ? '' : ` for ${path}`}`,
    hint: 'free some space on the disk of the site or the depot, and run the same command again: it continues where it stopped',
    cause,
  });
}

function interruption(): GapferryError {
  return new GapferryError({
    code: 'INTERRUPTED',
    message: 'stopped on request',
    hint: 'run the same command again: it continues where it stopped',
  });
}

const NO_SITE = 'name the site file: --site site/site.yaml, or GAPFERRY_SITE';

interface ParseError extends Error {
  readonly oclif?: { readonly exit?: number };
}

function isParseError(error: unknown): error is ParseError {
  return error instanceof Error && 'oclif' in error && (error as ParseError).oclif?.exit === 2;
}

function usageError(error: ParseError): GapferryError {
  const lines = error.message
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}/g, ' – '))
    .filter((line) => line !== '' && !/^(?:See more help|The following errors? occurred)/.test(line));
  const message = lines.join(' ');
  const hint = message === 'Missing required flag site' ? NO_SITE : 'see --help';
  return new GapferryError({ code: 'USAGE', message, hint });
}

/** What people read: one or two sentences, then the hint. */
export function errorText(error: GapferryError, debug: boolean): string {
  const lines = [`gapferry: error: ${safeLines(error.message)}`];
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(`hint: ${safeLines(hint)}`);
  if (debug) lines.push('', ...stacksOf(error));
  return lines.join('\n');
}

/** Lines that are cut and servers that say nothing are nobody's fault that could be named. */
function hintOf({ hint, category, retryable }: GapferryError): string | undefined {
  if (hint !== undefined || category !== 'transport' || !retryable) return hint;
  return 'the network or the server has trouble: run the same command again, it continues where it stopped';
}

function stacksOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  return [redact(error.stack ?? String(error)), ...stacksOf(error.cause, depth + 1)];
}

/** The shape of every error under `--json`. */
export function errorJson(command: string, error: GapferryError): Record<string, unknown> {
  const { code, category, message, origin, retryable, data } = error;
  const hint = hintOf(error);
  return {
    ok: false,
    command,
    exitCode: exitCodeOf(error),
    error: { code, category, message, hint, origin, retryable, data },
  };
}
