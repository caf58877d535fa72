import { canonicalJson, type Digest, type TargetPermission } from '@gapferry/core';
import type { PlanOverride } from './plan-document.ts';
import type { PlanFile, PlanFileStep } from './plan-file.ts';

/** What is not as a plan file expects it. Empty everywhere: the plans are the same. */
export interface PlanDifference {
  /** Other things than the file is about: then nobody compares steps. */
  readonly subject: readonly SubjectDifference[];
  /** What it was decided under. */
  readonly conditions: readonly ConditionDifference[];
  /** In the order of the plan; those that went are last. */
  readonly steps: readonly StepDifference[];
  /** Steps agree, and the sums or permissions that the file shows are not those of now. */
  readonly shown: readonly ('totals' | 'permissions')[];
}

export type SubjectDifference =
  | { readonly what: 'site'; readonly was: string; readonly is: string }
  | { readonly what: 'release'; readonly was: PlanFile['release']; readonly is: NamedRelease };

/** Of a release that was not opened only channel and number are known. */
export type NamedRelease = Pick<PlanFile['release'], 'channel' | 'sequence'> & Partial<PlanFile['release']>;

export type ConditionDifference =
  | { readonly what: 'trust'; readonly was: PlanFile['trust']; readonly is: PlanFile['trust'] }
  | { readonly what: 'siteFile'; readonly was: Digest; readonly is: Digest }
  | { readonly what: 'override'; readonly was?: PlanOverride; readonly is?: PlanOverride };

/** `was` is absent for a step that came, `is` for one that went. */
export interface StepDifference {
  readonly target: string;
  readonly place: string;
  readonly was?: PlanFileStep;
  readonly is?: PlanFileStep;
}

/** What of site, release and conditions is known before anybody is asked. */
export interface PlanSubject extends Pick<PlanFile, 'site' | 'trust' | 'siteFile'> {
  readonly release: NamedRelease;
}

/** Compares what a plan file is about, as far as that is known; pure. */
export function compareSubjects(was: PlanFile, is: PlanSubject): PlanDifference {
  return {
    subject: [
      ...(was.site === is.site ? [] : [{ what: 'site', was: was.site, is: is.site } as const]),
      ...(isSame({ ...was.release, ...is.release }, was.release)
        ? []
        : [{ what: 'release', was: was.release, is: is.release } as const]),
    ],
    conditions: [
      ...(isSame(was.trust, is.trust) ? [] : [{ what: 'trust', was: was.trust, is: is.trust } as const]),
      ...(was.siteFile === is.siteFile
        ? []
        : [{ what: 'siteFile', was: was.siteFile, is: is.siteFile } as const]),
    ],
    steps: [],
    shown: [],
  };
}

/** Everything in which a plan of now is another one than an approved one; pure. When it was made and by which gapferry makes no difference, nor how long it takes, nor how many bytes a
 *  repository that is there lacks, which are measured in packs, nor whether a permission is proven or probed, nor that one is known by now. */
export function comparePlans(was: PlanFile, is: PlanFile): PlanDifference {
  const subjects = compareSubjects(was, is);
  if (subjects.subject.length > 0) return subjects;
  const conditions = [...subjects.conditions, ...compareOverrides(was.override, is.override)];
  const steps = compareSteps(was.steps, is.steps);
  return { ...subjects, conditions, steps, shown: steps.length > 0 ? [] : compareShown(was, is) };
}

export function isSamePlan({ subject, conditions, steps, shown }: PlanDifference): boolean {
  return subject.length + conditions.length + steps.length + shown.length === 0;
}

/** Who orders it counts as well: an approver decides on that. */
function compareOverrides(
  was: PlanOverride | undefined,
  is: PlanOverride | undefined,
): readonly ConditionDifference[] {
  if (isSame(was ?? null, is ?? null)) return [];
  return [{ what: 'override', ...(was !== undefined && { was }), ...(is !== undefined && { is }) }];
}

function compareSteps(was: readonly PlanFileStep[], is: readonly PlanFileStep[]): StepDifference[] {
  // Step by step where several have one place: none of them may stand for another.
  const before = Map.groupBy(was, keyOf);
  const here = is.flatMap((step): StepDifference[] => {
    const { target, place } = step;
    const expected = before.get(keyOf(step))?.shift();
    if (expected === undefined) return [{ target, place, is: step }];
    return isSame(comparable(expected), comparable(step)) ? [] : [{ target, place, was: expected, is: step }];
  });
  const gone = [...before.values()]
    .flat()
    .map((step) => ({ target: step.target, place: step.place, was: step }));
  return [...here, ...gone];
}

function keyOf({ target, place }: PlanFileStep): string {
  return `${target}\n${place}`;
}

function comparable(step: PlanFileStep): unknown {
  if (!isGuessed(step)) return step;
  const { bytes: _, ...rest } = step;
  return rest;
}

/** What an increment of a repository has is measured in packs, and those of the next survey may be others. */
function isGuessed({ kind, isNew }: PlanFileStep): boolean {
  return kind === 'git' && !isNew;
}

/** To be asked where steps agree. */
function compareShown(was: PlanFile, is: PlanFile): PlanDifference['shown'] {
  return [
    ...(isSame(counts(was), counts(is)) && isAsManyBytes(was, is) ? [] : (['totals'] as const)),
    ...(isAllowedAsMuch(was, is) ? [] : (['permissions'] as const)),
  ];
}

function counts({ totals: { bytes: _, ...rest } }: PlanFile): unknown {
  return rest;
}

/** The sum may differ by what is guessed, and by no more. */
function isAsManyBytes(was: PlanFile, is: PlanFile): boolean {
  const guessed = ({ steps }: PlanFile): number[] =>
    steps
      .filter(isGuessed)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .map(({ bytes }) => bytes);
  const now = guessed(is);
  const slack = guessed(was).reduce((sum, bytes, i) => sum + Math.abs(bytes - (now[i] ?? 0)), 0);
  return Math.abs(was.totals.bytes - is.totals.bytes) <= slack;
}

/** The same is needed, and what was known to be allowed is so now. */
function isAllowedAsMuch({ permissions: was = [] }: PlanFile, { permissions: is = [] }: PlanFile): boolean {
  const now = new Map(is.map((permission) => [needOf(permission), permission.state]));
  const isWeaker = (permission: TargetPermission): boolean =>
    permission.state !== 'unknown' && now.get(needOf(permission)) === 'unknown';
  return isSame(was.map(needOf).sort(), is.map(needOf).sort()) && !was.some(isWeaker);
}

function needOf({ target, action, on }: TargetPermission): string {
  return `${target}\n${action}\n${on}`;
}

function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
