import { canonicalJson, type Digest, type TargetPermission } from '@gapferry/core';
import type { PlanFile, PlanFileStep } from './plan-file.ts';

/** What is not as a plan file expects it. Empty everywhere: the plans are the same. */
export interface PlanDifference {
  /** Other things than the file is about: then nobody compares steps. */
  readonly subject: readonly SubjectDifference[];
  /** What it was decided under. */
  readonly conditions: readonly ConditionDifference[];
  /** In the order of the plan; those that went are last. */
  readonly steps: readonly StepDifference[];
  /** Steps agree, and the sums or permissions that the file shows are not theirs. */
  readonly shown: readonly ('totals' | 'permissions')[];
}

export type SubjectDifference =
  | { readonly what: 'site'; readonly was: string; readonly is: string }
  | { readonly what: 'release'; readonly was: PlanFile['release']; readonly is: NamedRelease };

/** Of a release that was not opened only channel and number are known. */
export type NamedRelease = Pick<PlanFile['release'], 'channel' | 'sequence'> & Partial<PlanFile['release']>;

export type ConditionDifference =
  | { readonly what: 'trust'; readonly was: PlanFile['trust']; readonly is: PlanFile['trust'] }
  | { readonly what: 'siteFile'; readonly was: Digest; readonly is: Digest };

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

/** Everything in which a plan of now is another one than an approved one; pure. When it was made and by which gapferry makes no difference, nor do the bytes of a repository's
 *  increment, which are measured in packs, nor how a permission is known. */
export function comparePlans(was: PlanFile, is: PlanFile): PlanDifference {
  const subjects = compareSubjects(was, is);
  if (subjects.subject.length > 0) return subjects;
  const steps = compareSteps(was.steps, is.steps);
  return { ...subjects, steps, shown: steps.length > 0 ? [] : compareShown(was, is) };
}

export function isSamePlan({ subject, conditions, steps, shown }: PlanDifference): boolean {
  return subject.length + conditions.length + steps.length + shown.length === 0;
}

function compareSteps(was: readonly PlanFileStep[], is: readonly PlanFileStep[]): StepDifference[] {
  // Step by step where several have one place: none of them may stand for another.
  const before = Map.groupBy(was, keyOf);
  const here = is.flatMap((step): StepDifference[] => {
    const { target, place } = step;
    const expected = before.get(keyOf(step))?.shift();
    if (expected === undefined) return [{ target, place, is: step }];
    return isSameStep(expected, step) ? [] : [{ target, place, was: expected, is: step }];
  });
  const gone = [...before.values()]
    .flat()
    .map((step) => ({ target: step.target, place: step.place, was: step }));
  return [...here, ...gone];
}

function keyOf({ target, place }: PlanFileStep): string {
  return `${target}\n${place}`;
}

function isSameStep(was: PlanFileStep, is: PlanFileStep): boolean {
  return isSame(comparable(was), comparable(is));
}

function comparable(step: PlanFileStep): unknown {
  if (step.kind !== 'git') return step;
  const { bytes: _, ...rest } = step;
  return rest;
}

function compareShown(was: PlanFile, is: PlanFile): PlanDifference['shown'] {
  const sums = ({ totals: { bytes: _, ...rest } }: PlanFile): unknown => rest;
  const needs = ({ permissions = [] }: PlanFile): unknown => permissions.map(needOf).sort();
  return [
    ...(isSame(sums(was), sums(is)) ? [] : (['totals'] as const)),
    ...(isSame(needs(was), needs(is)) ? [] : (['permissions'] as const)),
  ];
}

function needOf({ target, action, on }: TargetPermission): string {
  return `${target}\n${action}\n${on}`;
}

function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
