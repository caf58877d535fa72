import type { PlanStep } from '@gapferry/bundle';
import { printable, type RefChange, shortRefName } from '@gapferry/core';
import { count } from './kind-titles.ts';

/** Of one repository; the JSON plan has all. */
const MOST_LINES = 20;

/** What becomes of the refs of one repository, one line each: what loses something first. New refs are only counted. */
export function refLines({ item, refs = [] }: Pick<PlanStep, 'item' | 'refs'>): string[] {
  if (refs.length === 0) return [];
  const told = refs.filter(({ how, lifts }) => how !== 'create' || lifts !== undefined);
  const sorted = told.toSorted((a, b) => ORDER.indexOf(a.how) - ORDER.indexOf(b.how));
  const more = sorted.length - MOST_LINES;
  const plain = refs.length - told.length;
  return [
    printable(`  refs of ${item}`),
    ...sorted.slice(0, MOST_LINES).map((change) => printable(`    ${refText(change)}`)),
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(plain > 0 ? [`    ${count(plain, 'new ref')}`] : []),
  ];
}

const ORDER: readonly RefChange['how'][] = ['prune', 'force', 'move-tag', 'forward', 'create'];

function refText({ ref, how, commits, from, backup, lifts }: RefChange): string {
  const name = `${ref.startsWith('refs/tags/') ? 'tag ' : ''}${shortRefName(ref) ?? ref}`;
  const kept = backup === undefined ? '' : `, ${from?.slice(0, 12)} is kept as ${backup}`;
  const lifted = lifts === undefined ? '' : `, the rule "${lifts}" is lifted for it`;
  const gained = commits === undefined ? '' : ` (${count(commits, 'commit')})`;
  return `${name}: ${WORDS[how]}${gained}${kept}${lifted}`;
}

const WORDS: Readonly<Record<RefChange['how'], string>> = {
  create: 'new',
  forward: 'fast-forward',
  force: 'forced',
  'move-tag': 'moved',
  prune: 'deleted',
};
