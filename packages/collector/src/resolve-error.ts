import { describeWish, type ErrorCategory, GapferryError, type Wish } from '@gapferry/core';

/** Lines of one error. */
const SHOWN = 50;

/** A wish that could not be resolved, and why. */
export interface WishFailure {
  readonly wish: Wish;
  readonly error: unknown;
}

/** Gravest first: what is wrong goes before what is missing, and that before what could not be asked. */
const GRAVITY: readonly ErrorCategory[] = [
  'internal',
  'integrity',
  'trust',
  'storage',
  'conflict',
  'usage',
  'incomplete',
  'transport',
  'interrupted',
];

/** Anything else that could not be resolved: `wish` is what stands for it in a message. */
export interface NamedFailure {
  readonly wish: string;
  readonly error: unknown;
}

/** One error for all wishes that failed, in the order of bundle.yaml. Retryable only when a further try can help all of them. */
export function resolveError(failures: readonly WishFailure[], wishes: number): GapferryError {
  const named = failures.map(({ wish, error }) => ({ wish: describeWish(wish), error }));
  return combinedError(named, `${wishes} wishes`);
}

/** The same for what is named otherwise. `all`: of how many things, in words. */
export function combinedError(failures: readonly NamedFailure[], all: string): GapferryError {
  const known = failures.map(({ wish, error }) => ({ wish, error: toKnown(error) }));
  const errors = known.map(({ error }) => error);
  const gravest = gravestOf(errors);
  const lines = known.map(({ wish, error }) => lineOf(wish, error.message));
  return new GapferryError({
    code: gravest.code,
    message:
      lines.length === 1
        ? `cannot resolve ${lines[0]}`
        : [`cannot resolve ${lines.length} of ${all}:`, ...shownOf(lines)].join('\n  '),
    ...(gravest.hint !== undefined && { hint: gravest.hint }),
    origin: gravest.origin ?? 'source',
    retryable: errors.every((error) => error.retryable),
    ...retryAfterOf(errors),
    data: {
      failures: known.map(({ wish, error }) => ({
        wish,
        code: error.code,
        message: error.message,
        ...(error.hint !== undefined && { hint: error.hint }),
        data: error.data,
      })),
    },
    cause: gravest,
  });
}

/** The one that says with which code it ends. At least one. */
export function gravestOf(errors: readonly unknown[]): GapferryError {
  return errors.map(toKnown).reduce((worst, error) => (gravity(error) < gravity(worst) ? error : worst));
}

/** What one can still read on a terminal; the data have all. */
function shownOf(lines: readonly string[]): readonly string[] {
  const more = lines.length - SHOWN;
  return more > 0 ? [...lines.slice(0, SHOWN), `and ${more} more; --json has each`] : lines;
}

/** What it is about stands first, once. */
function lineOf(wish: string, message: string): string {
  const name = wish.slice(wish.indexOf(' ') + 1);
  return message.startsWith(`${name}: `) ? `${wish}${message.slice(name.length)}` : `${wish}: ${message}`;
}

function gravity(error: GapferryError): number {
  return GRAVITY.indexOf(error.category);
}

/** An error that is not ours is a bug, and is reported as one among the others. */
function toKnown(error: unknown): GapferryError {
  if (error instanceof GapferryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GapferryError({ code: 'INTERNAL', message, cause: error });
}

function retryAfterOf(errors: readonly GapferryError[]): { retryAfter?: number } {
  const waits = errors.flatMap((error) => (error.retryAfter === undefined ? [] : [error.retryAfter]));
  return waits.length === 0 ? {} : { retryAfter: Math.max(...waits) };
}
