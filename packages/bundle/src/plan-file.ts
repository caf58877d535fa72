import {
  canonicalBytes,
  type Digest,
  digestOf,
  GapferryError,
  parseCanonicalJson,
  parseJson,
} from '@gapferry/core';
import { FORMATS, requireFormat } from './formats.ts';
import { type ImportPlanJson, type ImportPlanStepJson, toImportPlanJson } from './plan-document.ts';
import { planFileSchema } from './plan-file-schema.ts';
import type { ImportPlan } from './plan-import.ts';
import { documentError, toProblems } from './problems.ts';
import type { SiteConfig } from './site-config.ts';
import { planState } from './step-state.ts';

/** 256 MiB, as for a lock: a million refs fit. */
export const PLAN_FILE_LIMIT = 268_435_456;

/** A plan as somebody approves it (docs/spec/11-plan-file.md): what an import would do, and everything that was decided from. An expectation, never an input: whoever applies it plans again and compares. */
export interface PlanFile extends Omit<ImportPlanJson, 'release' | 'steps' | 'room'> {
  readonly site: string;
  readonly release: ImportPlanJson['release'] & { readonly version: string; readonly manifest: Digest };
  /** The pinned policy under which the release was verified. */
  readonly trust: { readonly version: number; readonly digest: Digest };
  /** `siteDigest` of the site file. */
  readonly siteFile: Digest;
  /** `planState` of the steps: what the targets and the ledger said. */
  readonly state: Digest;
  /** In the order of the plan, those of which nothing is done too. */
  readonly steps: readonly PlanFileStep[];
  /** When, and by which gapferry. Binds nothing. */
  readonly made: { readonly at: string; readonly by: string };
}

export type PlanFileStep = ImportPlanStepJson & {
  /** `stepState` */
  readonly state: Digest;
};

/** What a plan is bound to beside itself. */
export interface PlanBinding {
  readonly site: SiteConfig;
  /** RFC 3339 in UTC with whole seconds. */
  readonly at: string;
  /** Version of the gapferry that planned. */
  readonly by: string;
}

/** The plan as a file for approvers; pure. */
export function toPlanFile(plan: ImportPlan, { site, at, by }: PlanBinding): PlanFile {
  const { release: predicate, manifestDigest, policy } = plan.release.opened;
  const { room: _, ...json } = toImportPlanJson(plan);
  const steps = json.steps.map((step, i) => ({ ...step, state: stateAt(plan, i) }));
  return {
    ...json,
    release: { ...json.release, version: predicate.version, manifest: manifestDigest },
    site: site.name,
    trust: { version: policy.version, digest: policy.digest },
    siteFile: siteDigest(site),
    state: planState(steps),
    steps,
    made: { at, by },
  };
}

function stateAt({ steps }: ImportPlan, i: number): Digest {
  const step = steps[i];
  if (step !== undefined) return step.state;
  throw new GapferryError({ code: 'INTERNAL', message: 'a plan and its description have different lengths' });
}

/** sha256 over the canonical JSON of a site file as it was understood: comments, order and spelled-out defaults make no difference. */
export function siteDigest(site: SiteConfig): Digest {
  return digestOf(canonicalBytes(site));
}

/** Canonical JSON. Throws `LIMIT_EXCEEDED` where nobody would read it again. */
export function encodePlanFile(file: PlanFile): Uint8Array {
  const bytes = canonicalBytes(file);
  if (bytes.byteLength <= PLAN_FILE_LIMIT) return bytes;
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `the plan would have ${bytes.byteLength} bytes as a file; the limit is ${PLAN_FILE_LIMIT}`,
    hint: 'import without a plan file',
  });
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID`, `FORMAT_UNKNOWN`, and `CONFIG_INVALID` with every member that is wrong. */
export function parsePlanFile(bytes: Uint8Array, what: string): PlanFile {
  const limits = { maxBytes: PLAN_FILE_LIMIT, maxDepth: 12 };
  const value = parseJson(bytes, what, limits);
  requireFormat(value, 'plan', what);
  if (isPrinted(value)) throw printed(what);
  const parsed = planFileSchema.safeParse(parseCanonicalJson(bytes, what, limits));
  if (!parsed.success) throw documentError('CONFIG_INVALID', what, toProblems(parsed.error));
  const file = parsed.data as PlanFile;
  const state = planState(file.steps);
  if (state !== file.state)
    throw documentError('CONFIG_INVALID', what, [
      { path: 'state', message: `is not the digest of what its steps say, ${state}` },
    ]);
  return file;
}

/** `plan --json` says `format` as well. */
function isPrinted(value: unknown): boolean {
  return value !== null && typeof value === 'object' && 'ok' in value;
}

function printed(what: string): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${what} is what "gapferry plan --json" prints, which binds nothing; a ${FORMATS.plan} file does`,
    hint: 'write one with "gapferry plan -o FILE"',
  });
}
