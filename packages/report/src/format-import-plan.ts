import { type ImportPlan, type ItemKind, type PlanStep, placeOf } from '@gapferry/bundle';
import { type Digest, formatReleaseAddress, type NameState, printable, shortDigest } from '@gapferry/core';
import { formatBytes } from './format-bytes.ts';
import { formatTable } from './format-table.ts';
import { count } from './kind-titles.ts';

/** An import plan as a document for other programs: what would be done, not how. */
export interface ImportPlanJson {
  readonly format: 'gapferry.plan/1';
  readonly release: { readonly channel: string; readonly sequence: number; readonly statement: Digest };
  readonly totals: ImportPlan['totals'];
  readonly steps: readonly ImportPlanStepJson[];
}

export interface ImportPlanStepJson {
  readonly target: string;
  readonly kind: ItemKind;
  readonly item: string;
  /** Where it becomes visible: `oci registry/path:tag`, `git host/path`, `file path`. */
  readonly place: string;
  readonly content: PlanStep['contentAction'];
  readonly name: PlanStep['nameAction'];
  /** To send. */
  readonly bytes: number;
  /** What stands there now and gives way. */
  readonly replaces?: NameState;
}

export function toImportPlanJson({ address, statement, totals, steps }: ImportPlan): ImportPlanJson {
  return {
    format: 'gapferry.plan/1',
    release: { channel: address.channel, sequence: address.sequence, statement },
    totals,
    steps: steps.map(toStepJson),
  };
}

function toStepJson({
  target,
  kind,
  item,
  name,
  contentAction,
  nameAction,
  bytes,
}: PlanStep): ImportPlanStepJson {
  return {
    target,
    kind,
    item,
    place: placeOf(name),
    content: contentAction,
    name: nameAction,
    bytes,
    ...(nameAction === 'move' && name.replaces !== undefined && { replaces: name.replaces }),
  };
}

/** An import plan for people: per target, moved names first; what is there already is only counted. */
export function formatImportPlan(plan: ImportPlan): string {
  const { address, statement, steps, totals } = plan;
  const title = `release ${formatReleaseAddress(address)} (${shortDigest(statement)}…)`;
  const targets = [...Map.groupBy(steps, (step) => step.target)].map(([target, own]) =>
    targetText(target, own),
  );
  return [printable(title), ...targets, summaryOf(totals)].join('\n\n');
}

const ORDER: readonly PlanStep['nameAction'][] = ['move', 'create', 'same'];

function targetText(target: string, steps: readonly PlanStep[]): string {
  const changed = steps
    .filter((step) => !isSame(step))
    .sort((a, b) => ORDER.indexOf(a.nameAction) - ORDER.indexOf(b.nameAction));
  const same = steps.length - changed.length;
  const lines = [
    printable(`target ${target}`),
    ...(changed.length === 0 ? [] : [formatTable(changed.map(rowOf), { indent: 2, right: [3] })]),
    ...(same === 0 ? [] : [`  ${count(same, 'item')} there already`]),
  ];
  return lines.join('\n');
}

function isSame({ contentAction, nameAction }: PlanStep): boolean {
  return contentAction === 'same' && nameAction === 'same';
}

function rowOf(step: PlanStep): string[] {
  const bytes = step.contentAction === 'same' ? 'content there' : formatBytes(step.bytes);
  return [ACTIONS[step.nameAction], step.item, `→ ${placeOf(step.name)}`, bytes, replacedText(step)];
}

const ACTIONS = { move: 'move', create: 'create', same: 'content' } as const;

function replacedText({ nameAction, name }: PlanStep): string {
  if (nameAction !== 'move' || name.replaces === undefined) return '';
  const [[key, value] = ['', ''], ...more] = Object.entries(name.replaces);
  const what =
    key === 'digest' ? `${value.slice(0, 'sha256:'.length + 12)}…` : `${key} at ${value.slice(0, 12)}`;
  return `replaces ${what}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

function summaryOf({ items, toLoad, same, moved, bytes }: ImportPlan['totals']): string {
  if (toLoad === 0) return `Nothing to do: ${count(items, 'item')} there already.`;
  const names = moved === 0 ? '' : `, ${count(moved, 'name')} moved`;
  return `${count(toLoad, 'item')} to load (${formatBytes(bytes)})${names}; ${same} there already.`;
}
