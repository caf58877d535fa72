import { describe, expect, it } from 'vitest';
import { formatTable } from './format-table.ts';

describe('a table', () => {
  it('has aligned columns and no space at the ends of lines', () => {
    const rows = [['a', '1 B', 'x'], ['longer', '100 MB', ''], ['short row']];
    expect(formatTable(rows, { right: [1], indent: 2 })).toBe(
      ['  a             1 B  x', '  longer     100 MB', '  short row'].join('\n'),
    );
  });

  it('counts characters, not UTF-16 units', () => {
    expect(
      formatTable([
        ['→𝟙', 'b'],
        ['ab', 'b'],
      ]),
    ).toBe('→𝟙  b\nab  b');
  });

  it('cannot be torn by what stands in a cell', () => {
    expect(formatTable([['a\u001b[31m\nb\u202e', 'c']])).toBe('a\\u{1b}[31m\\u{a}b\\u{202e}  c');
  });

  it('of nothing is nothing', () => {
    expect(formatTable([])).toBe('');
  });
});
