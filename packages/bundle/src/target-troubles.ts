import {
  categoryOf,
  type ErrorCategory,
  type ErrorCode,
  GapferryError,
  isLacking,
  printable,
  type TargetFailure,
} from '@gapferry/core';
import { type Blockers, CONFLICT_REMEDY } from './blockers.ts';
import { placeText } from './import-loads.ts';

/** One thing that is in the way at one target. */
interface Trouble {
  readonly target: string;
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy?: string;
}

/** The gravest first: what only the release or the site file can mend, then what somebody has to move away, to complete or to make room for, then what may be over by itself. */
const GRAVITY: readonly ErrorCategory[] = [
  'integrity',
  'trust',
  'usage',
  'conflict',
  'incomplete',
  'storage',
  'transport',
];

/** The troubles of a target that are told one by one; `data` has all. */
const MOST_TOLD = 10;

/** Everything that keeps a release from being loaded, by target, each with its remedy; under the code of the gravest. What one target says is told as it says it where nothing else is in the way. */
export function troublesError(blockers: Blockers): GapferryError {
  const troubles = troublesIn(blockers);
  const [first] = troubles;
  const [only] = blockers.failures;
  if (only !== undefined && troubles.length === 1) return only.error;
  const lines = [...Map.groupBy(troubles, ({ target }) => target)].flatMap(toLines);
  return new GapferryError({
    code: first?.code ?? 'INTERNAL',
    message: [`${troubles.length} things are in the way of loading the release:`, ...lines].join('\n'),
    hint: 'nothing was loaded; what to do stands below each of them, and the same command looks again',
    origin: 'target',
    retryable: troubles.length === blockers.failures.length && blockers.failures.every(isOverSoon),
    data: toData(blockers),
  });
}

function troublesIn({ conflicts, obstacles, permissions, failures }: Blockers): readonly Trouble[] {
  const all: readonly Trouble[] = [
    ...failures.map(toTrouble),
    ...conflicts.map(({ target, place, kind, reason, refused }) => ({
      target,
      code: 'TARGET_CONFLICT' as const,
      what: `${placeText(place, kind)} ${reason}`,
      remedy:
        refused === undefined
          ? CONFLICT_REMEDY
          : '`refs` of the target in site.yaml says what may be forced, moved and lifted',
    })),
    ...obstacles.map(({ target, problem, remedy }) => ({
      target,
      code: 'TARGET_CONFLICT' as const,
      what: problem,
      remedy,
    })),
    ...permissions.filter(isLacking).map(({ target, action, on, remedy }) => ({
      target,
      code: 'FORBIDDEN' as const,
      what: `lacks the permission ${action} on ${on}`,
      remedy,
    })),
  ];
  return all.toSorted((a, b) => gravityOf(a) - gravityOf(b));
}

function toTrouble({ target, error: { code, message, hint } }: TargetFailure): Trouble {
  return { target, code, what: message, ...(hint !== undefined && { remedy: hint }) };
}

function gravityOf({ code }: Trouble): number {
  const at = GRAVITY.indexOf(categoryOf(code));
  return at < 0 ? GRAVITY.length : at;
}

function toLines([target, troubles]: readonly [string, readonly Trouble[]]): readonly string[] {
  const told = troubles.slice(0, MOST_TOLD).flatMap(({ what, remedy }, i, { length }) => {
    const isSaid = remedy === undefined || (i + 1 < length && troubles[i + 1]?.remedy === remedy);
    const lines = isSaid ? [`  ${target}: ${what}`] : [`  ${target}: ${what}`, `    → ${remedy}`];
    // Hosts' own words are among them: none begins a line of its own.
    return lines.map(printable);
  });
  const more = troubles.length - MOST_TOLD;
  return more > 0 ? [...told, `  ${target}: and ${more} more`] : told;
}

function isOverSoon({ error }: TargetFailure): boolean {
  return error.retryable;
}

function toData({ conflicts, obstacles, permissions, failures }: Blockers): Record<string, unknown> {
  return {
    failures: failures.map(({ target, error: { code, message, hint, data } }) => ({
      target,
      code,
      message,
      ...(hint !== undefined && { hint }),
      data,
    })),
    ...(conflicts.length > 0 && { conflicts }),
    ...(obstacles.length > 0 && { obstacles }),
    ...(permissions.some(isLacking) && { permissions }),
  };
}
