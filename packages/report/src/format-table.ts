import { printable } from '@gapferry/core';

export interface TableOptions {
  /** Columns whose cells are set to the right, from 0. */
  readonly right?: readonly number[];
  /** Spaces in front of every line. */
  readonly indent?: number;
}

/** Rows as lines with aligned columns, two spaces between them and none at the ends. Cells are untrusted: they are made printable. Short rows are fine; no rows give the empty string. */
export function formatTable(
  rows: ReadonlyArray<readonly string[]>,
  { right = [], indent = 0 }: TableOptions = {},
): string {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  const lines = cells.map((row) =>
    row.map((cell, column) => padded(cell, widths[column] ?? 0, right.includes(column))).join('  '),
  );
  return lines.map((line) => `${' '.repeat(indent)}${line}`.trimEnd()).join('\n');
}

function padded(cell: string, width: number, right: boolean): string {
  const gap = ' '.repeat(width - widthOf(cell));
  return right ? gap + cell : cell + gap;
}

/** In characters, not in UTF-16 units. */
function widthOf(cell: string): number {
  return [...cell].length;
}
