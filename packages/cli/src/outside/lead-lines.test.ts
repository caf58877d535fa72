import type { Lead } from '@gapferry/collector';
import { describe, expect, it } from 'vitest';
import { leadLines, openLeadLines } from './lead-lines.ts';

const item = 'git git.example.org/ops/line-a';
const place = { file: 'apps/a.yaml', object: 'Application/a', path: 'spec.source' };
const LEADS: readonly Lead[] = [
  {
    item,
    place,
    to: 'chart a of https://charts.example.org 1',
    outcome: 'not-collected',
    open: ['a Secret'],
  },
  { item, place, to: 'git https://git.example.org/b', outcome: 'wanted' },
  {
    item,
    place: { file: 'x.yaml', path: '' },
    outcome: 'not-followed',
    open: ['it asks a cluster\u001b[2K'],
  },
  { item, place, to: 'chart charts/x', outcome: 'here' },
];

describe('what repositories point to', () => {
  it('is told in full by a survey', () => {
    expect(leadLines(LEADS)).toEqual([
      '',
      `${item}: apps/a.yaml: Application/a: spec.source points to chart a of https://charts.example.org 1: not collected, add it to bundle.yaml`,
      '    open: a Secret',
      `${item}: apps/a.yaml: Application/a: spec.source points to git https://git.example.org/b: bundle.yaml has it`,
      `${item}: x.yaml: not followed: it asks a cluster\\u{1b}[2K`,
      `${item}: apps/a.yaml: Application/a: spec.source points to chart charts/x of the repository itself`,
    ]);
    expect(leadLines([])).toEqual([]);
  });

  it('is told by a collect where it is left out, and not at any length', () => {
    expect(openLeadLines(LEADS, 'b')).toHaveLength(2);
    const many = Array.from({ length: 25 }, () => LEADS[0] as Lead);
    const lines = openLeadLines(many, 'bundles/a');
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 5 more; gapferry images bundles/a shows each');
  });
});
