import {
  contentOf,
  describeItem,
  type ImportPlan,
  type PlanStep,
  placeOf,
  wantedState,
} from '@gapferry/bundle';
import {
  type Clock,
  type ContentDate,
  formatTime,
  freshnessOf,
  type GapferryError,
  isDirectoryLoad,
  type LoadOutcome,
  type NameLoad,
  type NameState,
  type RefChange,
} from '@gapferry/core';
import { goneBack } from './going-back.ts';
import type { ImportRecord, ImportStatus, ItemRecord } from './import-outcome.ts';
import { type ImportTiming, lengthOf } from './import-timing.ts';
import type { SentContent } from './load-content.ts';
import type { PendingRead } from './prove-pending.ts';
import type { NameOutcome } from './set-names.ts';
import type { RunAccount } from './watch-run.ts';

/** Refs of one repository that a record names; the ledger's earlier entries have what was left of all. */
const MAX_REPLACED = 1000;

export interface RecordInput {
  readonly plan: ImportPlan;
  readonly site: string;
  readonly clock: Clock;
  /** Was exactly this release accepted before this import began? */
  readonly accepted: boolean;
  readonly beganAt: string;
  readonly sent: ReadonlyMap<PlanStep, SentContent>;
  readonly named: ReadonlyMap<PlanStep, NameOutcome>;
  readonly timing: ImportTiming;
  readonly account: RunAccount;
  readonly pending: PendingRead;
}

/** The account of an import that came to its end. */
export function makeRecord(input: RecordInput): ImportRecord {
  const { release, statement, manifestDigest, manifest } = input.plan.release.opened;
  const now = input.clock.now();
  const dates = new Map(manifest.items.map((item) => [describeItem(item), contentOf(item)]));
  const items = input.plan.steps.map((step) => ({
    ...toItemRecord(step, input.sent.get(step), input.named.get(step)),
    ...(step.content !== undefined && ageRecord(dates.get(step.item), now)),
  }));
  return {
    site: input.site,
    channel: release.channel,
    bundle: release.bundle,
    version: release.version,
    sequence: release.sequence,
    statement,
    manifest: manifestDigest,
    status: statusOf(items, input.accepted),
    ...goneBack(input.plan),
    beganAt: input.beganAt,
    endedAt: formatTime(now),
    bytes: items.reduce((sum, item) => sum + item.bytes, 0),
    ...input.pending,
    timing: input.timing,
    ...warningsIn(input.account),
    items,
  };
}

function warningsIn({ warnings, unheard }: RunAccount): Pick<ImportRecord, 'warnings' | 'unheard'> {
  return { ...(warnings.length > 0 && { warnings }), ...(unheard > 0 && { unheard }) };
}

function toItemRecord(
  step: PlanStep,
  content: SentContent | undefined,
  name: NameOutcome | undefined,
): ItemRecord {
  const failed = name?.state === 'failed' ? name.error : undefined;
  return {
    item: step.item,
    ...(step.content === undefined && { of: 'attachment' }),
    kind: step.kind,
    target: step.target,
    place: placeOf(step.name),
    ...digestOfName(step.name),
    outcome: outcomeOf(content, name),
    bytes: (content?.bytes ?? 0) + (name !== undefined && name.state !== 'failed' ? name.bytes : 0),
    ...durationsOf(content, name),
    ...(step.nameAction === 'move' && { replaced: replacedBy(step.name) }),
    ...keptRefs(step),
    ...(name !== undefined && name.state !== 'failed' && name.scan !== undefined && { scan: name.scan }),
    ...(failed && { error: toErrorRecord(failed) }),
  };
}

/** What one digest tells; the refs and files of the others stand in the manifest. */
function digestOfName(name: NameLoad): Pick<ItemRecord, 'digest'> {
  if (name.kind === 'oci') return { digest: name.root.digest };
  const [file] = name.kind === 'file' && !isDirectoryLoad(name) ? name.files : [];
  return file === undefined ? {} : { digest: file.root.digest };
}

function durationsOf(
  content: SentContent | undefined,
  name: NameOutcome | undefined,
): Pick<ItemRecord, 'ms'> {
  const ms = {
    ...(content !== undefined && { content: lengthOf(content) }),
    ...(name !== undefined && name.state !== 'failed' && name.ms !== undefined && { name: name.ms }),
  };
  return Object.keys(ms).length === 0 ? {} : { ms };
}

function ageRecord(content: ContentDate | undefined, now: Date): Pick<ItemRecord, 'content'> {
  if (content === undefined) return {};
  const { age, state } = freshnessOf(content, now);
  const { updated } = content;
  return {
    content: { updated, ...(state !== 'dated ahead' && { age: Math.floor(age / 1000) }) },
  };
}

function replacedBy(name: NameLoad): NameState {
  const wanted = wantedState(name);
  const moved = Object.entries(name.replaces ?? {}).filter(([key, value]) => wanted[key] !== value);
  return Object.fromEntries(moved.slice(0, MAX_REPLACED));
}

/** Refs that lost something, and where it is kept. */
function keptRefs({ refs = [] }: PlanStep): { refs?: readonly RefChange[] } {
  const kept = refs.filter(({ backup, lifts }) => backup !== undefined || lifts !== undefined);
  return kept.length === 0 ? {} : { refs: kept.slice(0, MAX_REPLACED) };
}

function outcomeOf(content: LoadOutcome | undefined, name: NameOutcome | undefined): ItemRecord['outcome'] {
  if (name === undefined) return 'held-back';
  if (name.state === 'failed') return 'failed';
  return name.state === 'loaded' || content?.state === 'loaded' ? 'loaded' : 'same';
}

function toErrorRecord({ code, message, hint }: GapferryError): NonNullable<ItemRecord['error']> {
  return { code, message, ...(hint !== undefined && { hint }) };
}

function statusOf(items: readonly ItemRecord[], accepted: boolean): ImportStatus {
  if (items.some(({ outcome }) => outcome === 'failed' || outcome === 'held-back')) return 'partly-loaded';
  return accepted && items.every(({ outcome }) => outcome === 'same') ? 'unchanged' : 'loaded';
}
