import type { Digest, NameState, RefChange, TargetPermission, TargetRoom } from '@gapferry/core';
import type { TimeEstimate } from './estimate-time.ts';
import { FORMATS } from './formats.ts';
import { placeOf } from './import-loads.ts';
import type { AcceptedOverride } from './judge-override.ts';
import type { ItemKind } from './manifest.ts';
import type { ImportPlan, PlanStep } from './plan-import.ts';

/** An import plan as a document for other programs: what would be done, not how. */
export interface ImportPlanJson {
  readonly format: 'gapferry.plan/1';
  readonly release: { readonly channel: string; readonly sequence: number; readonly statement: Digest };
  /** By whose order the site goes back to it, why and from which release; absent where it goes on. */
  readonly override?: PlanOverride;
  readonly totals: ImportPlan['totals'];
  /** What the targets must allow for it: `proven`, `probed` or `unknown` each. Absent where no target was asked. */
  readonly permissions?: readonly TargetPermission[];
  /** What is needed on disks and what is free there, in bytes; absent where nobody knows. */
  readonly room?: readonly TargetRoom[];
  /** How long it will take, as far as this site's own imports tell; absent where they do not, and where there is nothing to do. */
  readonly time?: TimeEstimate;
  readonly steps: readonly ImportPlanStepJson[];
}

/** Statement digest of the order and of the release at the site's mark, reason, last moment, and who signed. */
export type PlanOverride = Omit<AcceptedOverride, 'to' | 'issuedAt'>;

export interface ImportPlanStepJson {
  readonly target: string;
  readonly kind: ItemKind;
  readonly item: string;
  /** Not the item's own name, but the tag of something attached to it. */
  readonly of?: 'attachment';
  /** Where it becomes visible: `oci registry/path:tag`, `git host/path`, `file path`. */
  readonly place: string;
  /** The same as the target's own clients name it: `s3://bucket/key`, a path, a URL; only of targets that say so. */
  readonly address?: string;
  readonly content: PlanStep['contentAction'];
  readonly name: PlanStep['nameAction'];
  /** To send. */
  readonly bytes: number;
  /** What stands there now and gives way. */
  readonly replaces?: NameState;
  /** What is done to each ref that changes, where the target can tell. */
  readonly refs?: readonly RefChange[];
  /** Files of Git LFS to send. */
  readonly lfs?: number;
  /** There is no repository yet. */
  readonly isNew?: true;
  /** What is made before the content is sent, once for all steps that say the same. */
  readonly makes?: string;
  /** The default branch that is set. */
  readonly head?: PlanStep['head'];
  /** What is set of what the host says of the repository; an empty text or list takes it away. */
  readonly about?: PlanStep['about'];
  /** What is loaded is a filtered index: upstream's signature over the index does not cover it. */
  readonly filtered?: true;
}

export function toImportPlanJson({
  release: { opened },
  address,
  statement,
  totals,
  steps,
  permissions,
  room,
  time,
}: ImportPlan): ImportPlanJson {
  return {
    format: FORMATS.plan,
    release: { channel: address.channel, sequence: address.sequence, statement },
    ...overrideJson(opened.override),
    totals,
    ...(permissions.length > 0 && { permissions }),
    ...(room.length > 0 && { room }),
    ...(time !== undefined && { time }),
    steps: steps.map(toStepJson),
  };
}

function overrideJson(override: AcceptedOverride | undefined): Pick<ImportPlanJson, 'override'> {
  if (override === undefined) return {};
  const { statement, from, reason, notAfter, signers } = override;
  return { override: { statement, from, reason, notAfter, signers } };
}

/** One step as `toImportPlanJson` describes it. */
export function toStepJson({
  target,
  kind,
  item,
  content,
  name,
  address,
  contentAction,
  nameAction,
  bytes,
  refs,
  lfs,
  isNew,
  makes,
  head,
  about,
  filtered,
}: PlanStep): ImportPlanStepJson {
  return {
    target,
    kind,
    item,
    ...(content === undefined && { of: 'attachment' }),
    place: placeOf(name),
    ...(address !== undefined && { address }),
    content: contentAction,
    name: nameAction,
    bytes,
    ...(nameAction === 'move' && name.replaces !== undefined && { replaces: name.replaces }),
    ...(refs !== undefined && { refs }),
    ...(lfs !== undefined && { lfs }),
    ...(isNew && { isNew }),
    ...(makes !== undefined && { makes }),
    ...(head !== undefined && { head }),
    ...(about !== undefined && { about }),
    ...(filtered && { filtered }),
  };
}
