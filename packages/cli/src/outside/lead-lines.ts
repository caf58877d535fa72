import type { Lead } from '@gapferry/collector';
import { describePlace, printable } from '@gapferry/core';

/** Leads that a collect shows; `gapferry images` shows all. */
const SHOWN = 20;

type Outcome = Lead['outcome'];

/** What becomes of references, in the order of counts. */
const WORDS: Readonly<Record<Outcome, string>> = {
  failed: 'failed',
  included: 'included',
  wanted: 'wanted anyway',
  here: 'in the repository itself',
  waived: 'waived',
  listed: 'not collected',
  'not-followed': 'not followed',
};

/** Everything that repositories point to and all that was not followed, for `gapferry images`: what would end a collect first. Nothing where there is nothing. */
export function leadLines(leads: readonly Lead[]): string[] {
  if (leads.length === 0) return [];
  const sorted = [
    ...leads.filter(({ outcome }) => outcome === 'failed'),
    ...leads.filter(({ outcome }) => outcome !== 'failed'),
  ];
  return ['', ...sorted.flatMap(linesOf), '', countLine(leads)];
}

/** In one line what becomes of all, then each of which something is left out. */
export function openLeadLines(leads: readonly Lead[], bundle: string): string[] {
  if (leads.length === 0) return [];
  const open = leads.filter(({ outcome, open = [] }) => LEFT_OUT.has(outcome) || open.length > 0);
  const lines = open.slice(0, SHOWN).flatMap(linesOf);
  const more = open.length - SHOWN;
  return [
    countLine(leads),
    ...lines.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more; gapferry images ${bundle} shows each`] : []),
  ];
}

const LEFT_OUT: ReadonlySet<Outcome> = new Set(['waived', 'listed', 'not-followed']);

export function leadCounts(leads: readonly Lead[]): Readonly<Record<Outcome, number>> {
  const counts = Object.fromEntries(Object.keys(WORDS).map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  for (const { outcome } of leads) counts[outcome] += 1;
  return counts;
}

function countLine(leads: readonly Lead[]): string {
  const counts = leadCounts(leads);
  const parts = Object.entries(WORDS).flatMap(([outcome, word]) => {
    const count = counts[outcome as Outcome];
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `repositories point to ${leads.length} thing(s): ${parts.join(', ')}`;
}

/** `git git.example.org/ops/line-a: apps/x.yaml: Application/x: spec.source points to chart …: in the release as chart …`, and below it what is open. */
function linesOf({ item, place, to, outcome, reason = '', became = '', open = [] }: Lead): string[] {
  const where = `${item}: ${describePlace(place).replace(/(?:: )+$/, '')}`;
  const line = {
    failed: () => `${where} points to ${to}: failed: ${reason}`,
    included: () => `${where} points to ${to}: in the release as ${became}`,
    wanted: () => `${where} points to ${to}: bundle.yaml has it`,
    here: () => `${where} points to ${to} of the repository itself`,
    waived: () => `${where} points to ${to}: waived: ${reason}`,
    listed: () => `${where} points to ${to}: not collected: ${reason}`,
    'not-followed': () => `${where}: not followed: ${reason}`,
  }[outcome]();
  return [line, ...open.map((point) => `    open: ${point}`)].map(printable);
}
