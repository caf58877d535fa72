import {
  comparePlans,
  compareSubjects,
  type ImportPlan,
  isSamePlan,
  type PlanDifference,
  siteDigest,
  toPlanFile,
} from '@gapferry/bundle';
import { GapferryError, type ReleaseAddress } from '@gapferry/core';
import { isOnlyDone, planDifferenceLines } from '@gapferry/report';
import type { TrustedSite } from './open-site.ts';
import type { ApprovedPlan } from './plan-file.ts';

/** Steps that programs are told. */
const MOST = 1000;

/** Before a release is read at length: throws `PLAN_MOVED` where the plan is for another site or another release than this one. */
export function requireSubject(approved: ApprovedPlan, site: TrustedSite, address: ReleaseAddress): void {
  const { version, digest } = site.policy;
  const { channel, sequence } = address;
  const found = compareSubjects(approved.file, {
    site: site.config.name,
    release: { channel, sequence },
    trust: { version, digest },
    siteFile: siteDigest(site.config),
  });
  // What the conditions did to the steps is worth knowing; what another release would do is not.
  if (found.subject.length > 0) throw moved(approved, found);
}

/** Throws `PLAN_MOVED`, naming everything that moved, unless the plan of now is the approved one. */
export function requireApproved(approved: ApprovedPlan, plan: ImportPlan, { config }: TrustedSite): void {
  const now = toPlanFile(plan, { site: config, ...approved.file.made });
  const found = comparePlans(approved.file, now);
  if (!isSamePlan(found)) throw moved(approved, found, plan);
}

function moved({ path }: ApprovedPlan, found: PlanDifference, plan?: ImportPlan): GapferryError {
  return new GapferryError({
    code: 'PLAN_MOVED',
    message: `the plan file ${path} says something else than what would be done now: ${planDifferenceLines(found).join('; ')}`,
    hint: hintFor(found, plan),
    origin: 'site',
    data: { file: path, ...toData(found) },
  });
}

function hintFor(found: PlanDifference, plan: ImportPlan | undefined): string {
  if (found.subject.length > 0)
    return 'nothing was loaded; name the site and the release that were approved, or make a plan for these and have it approved';
  if (!isOnlyDone(found))
    return 'nothing was loaded; look at "gapferry plan" again and have the new plan approved';
  return plan?.totals.toLoad === 0
    ? 'everything of the plan is there already, as an import of it leaves it: there is nothing left to approve, and an import without --plan loads nothing'
    : 'some of the plan is there already, as an import of it that was broken off leaves it; look at "gapferry plan" again and have what is left approved';
}

function toData({ subject, conditions, steps, shown }: PlanDifference): Record<string, unknown> {
  const told = steps.slice(0, MOST).map(({ target, place, was, is }) => ({
    target,
    place,
    ...(was !== undefined && { was: brief(was) }),
    ...(is !== undefined && { is: brief(is) }),
  }));
  return {
    moved: [...subject, ...conditions, ...shown.map((what) => ({ what }))],
    steps: told,
    ...(steps.length > MOST && { more: steps.length - MOST }),
  };
}

function brief({
  content,
  name,
  bytes,
  state,
}: NonNullable<PlanDifference['steps'][number]['is']>): Record<string, unknown> {
  return { content, name, bytes, state };
}
