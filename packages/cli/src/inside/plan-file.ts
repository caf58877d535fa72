import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import {
  encodePlanFile,
  type ImportPlan,
  PLAN_FILE_LIMIT,
  type PlanFile,
  parsePlanFile,
  type SiteConfig,
  toPlanFile,
} from '@gapferry/bundle';
import { type Clock, type Digest, digestOf, formatTime, GapferryError } from '@gapferry/core';
import { writeFileAtomically } from '../write-file.ts';
import { readBounded } from './read-bounded.ts';
import { requireOurs } from './require-ours.ts';

/** What every plan file begins with: members are sorted. */
const BEGINNING = '{"format":"gapferry.plan/';

export interface WrittenPlan {
  readonly path: string;
  /** sha256 of its bytes. */
  readonly digest: Digest;
}

/** Before anything is read at length: throws `USAGE` where the file would lie on the medium, or take the place of what is no plan. */
export async function requirePlanPlace(path: string, medium: string | undefined): Promise<void> {
  if (medium !== undefined) await requireBeside(path, medium);
  await requireOurs(path, BEGINNING);
}

async function requireBeside(path: string, medium: string): Promise<void> {
  const directory = dirname(resolve(path));
  const real = await realpath(directory).catch(() => directory);
  const onto = await realpath(medium).catch(() => resolve(medium));
  if (`${join(real, basename(path))}`.startsWith(`${onto}${sep}`))
    throw new GapferryError({
      code: 'USAGE',
      message: `the plan file ${path} would lie on the medium, and nothing is written there`,
      hint: 'name a file elsewhere',
    });
}

/** Writes a plan for whoever approves it, for the owner's eyes only: it names hosts and paths. Throws `STORAGE_FAILED`, `LIMIT_EXCEEDED`. */
export async function writePlanFile(
  path: string,
  plan: ImportPlan,
  site: SiteConfig,
  { clock, version }: { readonly clock: Clock; readonly version: string },
): Promise<WrittenPlan> {
  const bytes = encodePlanFile(toPlanFile(plan, { site, at: formatTime(clock.now()), by: version }));
  await writeFileAtomically(path, bytes, { mode: 0o600 });
  return { path, digest: digestOf(bytes) };
}

/** A plan file that somebody approved. */
export interface ApprovedPlan extends WrittenPlan {
  readonly file: PlanFile;
}

/** Throws `USAGE` where it cannot be read, and what `parsePlanFile` throws. */
export async function readPlanFile(path: string): Promise<ApprovedPlan> {
  const bytes = await readBounded(path, 'the plan file', PLAN_FILE_LIMIT);
  return { path, file: parsePlanFile(bytes, `the plan file ${path}`), digest: digestOf(bytes) };
}
