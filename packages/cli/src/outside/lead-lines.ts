import type { Lead } from '@gapferry/collector';
import { describePlace, printable } from '@gapferry/core';

/** Lines that a collect shows; `gapferry images` shows all. */
const SHOWN = 20;

/** Everything that repositories point to and all that was not followed, for `gapferry images`; nothing where there is nothing. */
export function leadLines(leads: readonly Lead[]): string[] {
  if (leads.length === 0) return [];
  return ['', ...leads.flatMap((lead) => [lineOf(lead), ...openPoints(lead)]).map(printable)];
}

/** Of these, what a collect leaves out. */
export function openLeadLines(leads: readonly Lead[], bundle: string): string[] {
  const open = leads.filter(({ outcome }) => outcome === 'not-collected' || outcome === 'not-followed');
  const lines = open.slice(0, SHOWN).map((lead) => printable(lineOf(lead)));
  if (open.length <= SHOWN) return lines;
  return [...lines, `and ${open.length - SHOWN} more; gapferry images ${bundle} shows each`];
}

/** `git git.example.org/ops/line-a: apps/x.yaml: Application/x: spec.source points to chart …: not collected, add it to bundle.yaml`. */
function lineOf({ item, place, to, outcome, open = [] }: Lead): string {
  const where = `${item}: ${describePlace(place).replace(/(?:: )+$/, '')}`;
  switch (outcome) {
    case 'not-collected':
      return `${where} points to ${to}: not collected, add it to bundle.yaml`;
    case 'wanted':
      return `${where} points to ${to}: bundle.yaml has it`;
    case 'here':
      return `${where} points to ${to} of the repository itself`;
    case 'not-followed':
      return `${where}: not followed: ${open.join('; ')}`;
  }
}

function openPoints({ outcome, open = [] }: Lead): string[] {
  return outcome === 'not-followed' ? [] : open.map((point) => `    open: ${point}`);
}
