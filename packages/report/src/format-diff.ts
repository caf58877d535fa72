import type {
  ContentChange,
  FileChange,
  ItemChange,
  ItemKind,
  RefChange,
  ReleaseDiff,
} from '@gapferry/bundle';
import { printable, shortDigest } from '@gapferry/core';
import { aboutRows } from './about-rows.ts';
import { attachedText, filteredNote } from './attached-text.ts';
import { formatBytes } from './format-bytes.ts';
import { formatDuration } from './format-duration.ts';
import { formatTable } from './format-table.ts';
import { count, KIND_TITLES, KINDS } from './kind-titles.ts';
import { signerRows } from './signer-rows.ts';

/** A difference as a document for other programs. */
export interface DiffJson extends ReleaseDiff {
  readonly format: 'gapferry.diff/1';
}

export function toDiffJson(diff: ReleaseDiff): DiffJson {
  const { from, to, changes, unchanged, bytes } = diff;
  return { format: 'gapferry.diff/1', from, to, changes, unchanged, bytes };
}

/** A difference for a change board: images, charts, Git repositories and files; in each what moved under its old name first, because nothing but this line shows it. */
export function formatDiff(diff: ReleaseDiff): string {
  const sections = KINDS.flatMap((kind) => sectionOf(kind, diff.changes));
  return [titleOf(diff), ...sections, summaryOf(diff)].join('\n\n');
}

function titleOf({ from, to }: ReleaseDiff): string {
  const other = from.bundle === to.bundle ? '' : `${to.bundle} `;
  return printable(`${from.bundle} ${from.version} → ${other}${to.version}`);
}

const ORDER: readonly ItemChange['change'][] = [
  'moved',
  'attached',
  'content',
  'updated',
  'refs',
  'files',
  'added',
  'removed',
];

function sectionOf(kind: ItemKind, changes: readonly ItemChange[]): string[] {
  const own = changes
    .filter((change) => change.kind === kind)
    .sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
  if (own.length === 0) return [];
  const lines =
    kind === 'git'
      ? own.map(repositoryText)
      : [formatTable(own.map(rowOf), { indent: 2 }), ...own.flatMap(directoryLines)];
  return [[KIND_TITLES[kind], ...lines].join('\n')];
}

const SHOWN_FILES = 20;

/** Below the files: what changes in each directory, named. */
function directoryLines(change: ItemChange): string[] {
  if (change.change !== 'files') return [];
  const { id, files } = change;
  const rows = files.slice(0, SHOWN_FILES).map((file) => [howOf(file), `${id}${file.path}`, runsText(file)]);
  const more = files.length > SHOWN_FILES ? [`    and ${files.length - SHOWN_FILES} more in ${id}`] : [];
  return [formatTable(rows, { indent: 4 }), ...more.map(printable)];
}

function howOf({ from, to }: FileChange): string {
  if (from === undefined) return 'added';
  return to === undefined ? 'removed' : 'changed';
}

function runsText({ executable }: FileChange): string {
  if (executable === undefined) return '';
  return executable ? 'executable now' : 'executable no more';
}

/** `1 added, 2 changed, 3 removed`. */
function filesText(files: readonly FileChange[]): string {
  const counts = Map.groupBy(files, howOf);
  return ['added', 'changed', 'removed']
    .flatMap((how) => (counts.has(how) ? [`${counts.get(how)?.length} ${how}`] : []))
    .join(', ');
}

/** A repository's refs stand below it. */
function repositoryText(change: ItemChange): string {
  const lines = [formatTable([rowOf(change)], { indent: 2 })];
  if (change.change === 'refs') lines.push(formatTable(refRows(change), { indent: 4 }));
  return lines.join('\n');
}

function rowOf(change: ItemChange): string[] {
  switch (change.change) {
    case 'moved':
      return [
        change.kind === 'file' ? 'changed' : 'moved',
        change.id,
        `${shortened(change.from)} → ${shortened(change.to)}`,
        newBytes(change.bytes),
        notesText(change),
      ];
    case 'attached':
    case 'content':
      return ['same', change.id, '', newBytes(change.bytes), notesText(change)];
    case 'updated':
      return ['updated', ...versionChange(change.from, change.to), newBytes(change.bytes), notesText(change)];
    case 'refs':
      return ['changed', change.id, newBytes(change.bytes)];
    case 'files':
      return ['changed', change.id, filesText(change.files), newBytes(change.bytes), notesText(change)];
    case 'added':
      return ['added', change.id, '', newBytes(change.bytes), notesText(change)];
    case 'removed':
      return ['removed', change.id];
  }
}

/** What names a new image, what belongs to it now and did not, what does no longer, and that its index is not upstream's. */
function notesText({ attached, filtered, namedBy = [], ...dates }: Notes): string {
  return [
    ...datesText(dates),
    ...namedBy.slice(0, 1).map((item) => `named by ${item}${othersText(namedBy.length - 1)}`),
    ...(attached === undefined ? [] : [attachedText(attached)]),
    ...(filtered === undefined ? [] : ['filtered index']),
  ].join('; ');
}

type Notes = Partial<
  Omit<Extract<ItemChange, { readonly change: 'moved' }>, 'change' | 'kind' | 'from' | 'to'>
>;

/** `of 2026-11-13T06:00:00Z → 2026-11-20T06:00:00Z`, `may be 5 d old → 7 d old`. */
function datesText({ dated, mayBe, until }: ContentChange): string[] {
  const between = (from: string | undefined, to: string | undefined): string =>
    [from, to].flatMap((date) => date ?? []).join(' → ');
  return [
    ...(dated === undefined ? [] : [`of ${between(dated.from, dated.to)}`]),
    ...(until === undefined ? [] : [`good until ${until.from ?? 'any time'} → ${until.to ?? 'any time'}`]),
    ...(mayBe === undefined ? [] : [`may be ${ageText(mayBe.from)} → ${ageText(mayBe.to)}`]),
  ];
}

function ageText(seconds: number | undefined): string {
  return seconds === undefined ? 'of any age' : `${formatDuration(seconds * 1000)} old`;
}

function othersText(others: number): string {
  return others === 0 ? '' : ` and ${others} more`;
}

/** `docker.io/library/nginx`, `1.27.2 → 1.27.3`: the part both names share is said once. */
function versionChange(from: string, to: string): [string, string] {
  const at = to.lastIndexOf(to.includes('@') ? '@' : ':');
  const name = to.slice(0, at);
  const isShared = from.startsWith(name) && /^[:@]/.test(from.slice(at));
  return isShared ? [name, `${versionOf(from, at)} → ${versionOf(to, at)}`] : ['', `${from} → ${to}`];
}

function versionOf(id: string, at: number): string {
  return id.slice(at + 1).replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/, '$1…');
}

function refRows({
  refs,
  head,
  cuts,
  lfs,
  about,
  signers,
}: Extract<ItemChange, { change: 'refs' }>): string[][] {
  const rows = [...refs]
    .sort((a, b) => rank(a) - rank(b))
    .map((ref) => [shortRef(ref.name), ...refMove(ref)]);
  if (head !== undefined)
    rows.push(['HEAD', `${shortRef(head.from ?? 'none')} → ${shortRef(head.to ?? 'none')}`]);
  if (cuts !== undefined) rows.push(['history', `${cutText(cuts.from)} → ${cutText(cuts.to)}`]);
  if (lfs !== undefined) rows.push(['Git LFS', `${lfs.added} new, ${lfs.removed} gone`]);
  if (about !== undefined) rows.push(...aboutRows(about.from, about.to));
  if (signers !== undefined) rows.push(...signerRows(signers));
  return rows;
}

/** Moved refs before new ones before deleted ones; among the moved, those whose history was rewritten first. */
function rank({ from, to, commits }: RefChange): number {
  if (to === undefined) return 3;
  if (from === undefined) return 2;
  return (commits?.removed ?? 0) > 0 ? 0 : 1;
}

function refMove({ from, to, commits }: RefChange): string[] {
  if (from === undefined) return [`new at ${shortId(to)}`];
  if (to === undefined) return [`deleted, was at ${shortId(from)}`];
  const move = `${shortId(from)} → ${shortId(to)}`;
  if (commits === undefined) return [move];
  const rewritten = commits.removed > 0 ? ', history rewritten' : '';
  return [move, `+${commits.added} −${commits.removed}${rewritten}`];
}

function shortId(oid: string | undefined): string {
  return oid?.slice(0, 12) ?? '';
}

function cutText(places: number): string {
  return places === 0 ? 'whole' : `cut in ${places} place${places === 1 ? '' : 's'}`;
}

function shortRef(name: string): string {
  return name.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ');
}

function shortened(digest: Parameters<typeof shortDigest>[0]): string {
  return `${shortDigest(digest)}…`;
}

function newBytes(bytes: number): string {
  return bytes === 0 ? '' : `${formatBytes(bytes)} new`;
}

function summaryOf({ changes, unchanged, bytes }: ReleaseDiff): string {
  if (changes.length === 0) return `Nothing changes: ${count(unchanged, 'item')}, ${formatBytes(bytes.to)}.`;
  const moved = changes.filter((change) => change.change === 'moved' && change.kind === 'image').length;
  const tags = moved === 0 ? '' : ` (${count(moved, 'moved tag')})`;
  return [
    ...lostSignatures(changes),
    ...filteredLine(changes),
    `${count(changes.length, 'change')}${tags}, ${unchanged} unchanged.`,
    `New bytes to carry: ${formatBytes(bytes.added)} of ${formatBytes(bytes.to)}; no longer needed: ${formatBytes(bytes.removed)}.`,
  ].join('\n');
}

/** Nothing breaks when a signature is gone; so it is said in a line of its own. */
function lostSignatures(changes: readonly ItemChange[]): string[] {
  const lost = changes.filter((change) => 'attached' in change && change.attached?.unchecked !== undefined);
  if (lost.length === 0) return [];
  const [first] = lost;
  const more = lost.length > 1 ? ` and ${lost.length - 1} more` : '';
  return [
    printable(
      `Upstream's signature was checked before and is not any more: ${first?.kind} ${first?.id}${more}.`,
    ),
  ];
}

function filteredLine(changes: readonly ItemChange[]): string[] {
  const note = filteredNote(changes.filter((change) => 'filtered' in change).length);
  return note === undefined ? [] : [`${note}.`];
}
