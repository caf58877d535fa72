import { type ImportPlan, isChange, type PlanStep, placeOf, placeText } from '@gapferry/bundle';
import {
  fileState,
  formatReleaseAddress,
  isDirectoryLoad,
  printable,
  shortDigest,
  shortRefName,
  type TargetPermission,
} from '@gapferry/core';
import { aboutRows } from './about-rows.ts';
import { filteredNote } from './attached-text.ts';
import { formatBytes } from './format-bytes.ts';
import { formatTable } from './format-table.ts';
import { count } from './kind-titles.ts';
import { roomLines, timeLines } from './outlook-lines.ts';
import { permissionLines } from './permission-lines.ts';
import { refLines } from './ref-lines.ts';

/** An import plan for people: per target, moved names first; what is there already is only counted. */
export function formatImportPlan(plan: ImportPlan): string {
  const { address, statement, steps, totals, permissions } = plan;
  const title = `release ${formatReleaseAddress(address)} (${shortDigest(statement)}…)`;
  const targets = [...Map.groupBy(steps, (step) => step.target)].map(([target, own]) =>
    targetText(
      target,
      own,
      permissions.filter((permission) => permission.target === target),
    ),
  );
  const note = filteredNote(steps.filter(({ filtered }) => filtered).length);
  const notes = note === undefined ? [] : [`${note}.`];
  const summary = [summaryOf(totals), ...roomLines(plan.room), ...timeLines(plan.time)].join('\n');
  return [printable(title), ...targets, ...notes, summary].join('\n\n');
}

const ORDER: readonly PlanStep['nameAction'][] = ['move', 'create', 'describe', 'same'];

/** Tags of attachments go along with their items: only those that move are shown one by one. */
function targetText(
  target: string,
  steps: readonly PlanStep[],
  permissions: readonly TargetPermission[],
): string {
  const own = steps.filter(({ content }) => content !== undefined);
  const tags = steps.filter(({ content, nameAction }) => content === undefined && nameAction === 'create');
  const changed = steps
    .filter((step) => isChange(step) && !tags.includes(step))
    .sort((a, b) => ORDER.indexOf(a.nameAction) - ORDER.indexOf(b.nameAction));
  const same = own.filter((step) => !isChange(step)).length;
  const lines = [
    printable(`target ${target}`),
    ...makingLines(steps),
    ...(changed.length === 0 ? [] : [formatTable(changed.map(rowOf), { indent: 2, right: [3] })]),
    ...changed.flatMap(refLines),
    ...changed.flatMap(aboutLines),
    ...(tags.length === 0 ? [] : [`  ${count(tags.length, 'tag')} of attachments`]),
    ...(same === 0 ? [] : [`  ${count(same, 'item')} there already`]),
    ...permissionLines(permissions),
  ];
  return lines.join('\n');
}

/** What is made first, each once. */
function makingLines(steps: readonly PlanStep[]): string[] {
  const made = new Set(steps.flatMap(({ makes }) => makes ?? []));
  return [...made].sort().map((what) => printable(`  make      ${what}`));
}

function rowOf(step: PlanStep): string[] {
  const bytes = step.contentAction === 'same' ? thereText(step) : formatBytes(step.bytes);
  const notes = [
    filesText(step),
    replacedText(step),
    ...(step.lfs === undefined ? [] : [count(step.lfs, 'LFS object')]),
  ];
  const note = notes.filter((text) => text !== '').join(', ');
  return [
    ACTIONS[step.nameAction],
    step.item,
    `→ ${step.address ?? placeText(placeOf(step.name))}`,
    bytes,
    note,
  ];
}

/** A file may be in its place and only not told of. */
function thereText({ kind, nameAction }: PlanStep): string {
  return kind === 'file' && nameAction === 'describe' ? 'stands there' : 'content there';
}

const ACTIONS = { move: 'move', create: 'create', describe: 'describe', same: 'content' } as const;

/** What the host will say of one repository, and its default branch, where that is another than now. */
function aboutLines({ item, head, about, isNew }: PlanStep): string[] {
  if (isNew || (about === undefined && head === undefined)) return [];
  const rows = [
    ...(head === undefined ? [] : [['HEAD', headText(head)]]),
    ...(about === undefined ? [] : aboutRows(about.from, about.to)),
  ];
  return [printable(`  about ${item}`), formatTable(rows, { indent: 4 })];
}

function headText({ from, to }: NonNullable<PlanStep['head']>): string {
  return [from, to].map((ref) => (ref === undefined ? 'none' : (shortRefName(ref) ?? ref))).join(' → ');
}

/** How many files a directory has, and how many of those that stand there give way. */
function filesText({ name, nameAction }: PlanStep): string {
  if (name.kind !== 'file' || !isDirectoryLoad(name)) return '';
  const wanted = fileState(name);
  const given = Object.entries(name.replaces ?? {}).filter(([path, digest]) => wanted[path] !== digest);
  const replaced = nameAction === 'move' ? `, replaces ${given.length}` : '';
  return `${count(name.files.length, 'file')}${replaced}`;
}

function replacedText({ nameAction, name, refs, isNew }: PlanStep): string {
  if (name.kind === 'file' && isDirectoryLoad(name)) return '';
  if (isNew) return 'new repository';
  if (refs !== undefined) return count(refs.length, 'ref');
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
