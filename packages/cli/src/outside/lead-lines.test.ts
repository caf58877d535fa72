import type { Lead } from '@gapferry/collector';
import { describe, expect, it } from 'vitest';
import { leadLines, openLeadLines } from './lead-lines.ts';

const item = 'git git.example.org/ops/line-a';
const place = { file: 'apps/a.yaml', object: 'Application/a', path: 'spec.source' };
const to = 'chart a of https://charts.example.org 1';
const LEADS: readonly Lead[] = [
  {
    item,
    place,
    to,
    confidence: 'likely',
    outcome: 'included',
    became: 'chart charts.example.org/a:1.0.0',
    open: ['a Secret'],
  },
  { item, place, to: 'git https://git.example.org/b', confidence: 'certain', outcome: 'wanted' },
  {
    item,
    place: { file: 'x.yaml', path: '' },
    outcome: 'not-followed',
    reason: 'it asks a cluster\u001b[2K',
  },
  { item, place, to: 'chart charts/x', confidence: 'certain', outcome: 'here' },
  { item, place, to: 'file https://x', confidence: 'certain', outcome: 'listed', reason: 'no sha256' },
  { item, place, to: 'image web:1', confidence: 'likely', outcome: 'waived', reason: 'not here' },
  { item, place, to, confidence: 'certain', outcome: 'failed', reason: 'there is none' },
];

const AT = `${item}: apps/a.yaml: Application/a: spec.source`;
const COUNTS =
  'repositories point to 7 thing(s): 1 failed, 1 included, 1 wanted anyway, 1 in the repository itself, 1 waived, 1 not collected, 1 not followed';

describe('what repositories point to', () => {
  it('is told in full by a survey, what would end a collect first', () => {
    expect(leadLines(LEADS)).toEqual([
      '',
      `${AT} points to ${to}: failed: there is none`,
      `${AT} points to ${to}: in the release as chart charts.example.org/a:1.0.0`,
      '    open: a Secret',
      `${AT} points to git https://git.example.org/b: bundle.yaml has it`,
      `${item}: x.yaml: not followed: it asks a cluster\\u{1b}[2K`,
      `${AT} points to chart charts/x of the repository itself`,
      `${AT} points to file https://x: not collected: no sha256`,
      `${AT} points to image web:1: waived: not here`,
      '',
      COUNTS,
    ]);
    expect(leadLines([])).toEqual([]);
    expect(openLeadLines([], 'b')).toEqual([]);
  });

  it('is told by a collect where something is left out or open, and not at any length', () => {
    expect(openLeadLines(LEADS, 'b')).toEqual([
      COUNTS,
      `  ${AT} points to ${to}: in the release as chart charts.example.org/a:1.0.0`,
      '      open: a Secret',
      `  ${item}: x.yaml: not followed: it asks a cluster\\u{1b}[2K`,
      `  ${AT} points to file https://x: not collected: no sha256`,
      `  ${AT} points to image web:1: waived: not here`,
    ]);
    const many = Array.from({ length: 25 }, () => LEADS[4] as Lead);
    const lines = openLeadLines(many, 'bundles/a');
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  and 5 more; gapferry images bundles/a shows each');
  });
});
