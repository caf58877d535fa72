/** One behaviour that docs/oci-conformance.md lists, and the test that guards it. */
export interface ConformanceRow {
  readonly behaviour: string;
  /** From the root of the repository. */
  readonly file: string;
  /** As it stands in the test file, with `%s` where it is one of many. */
  readonly test: string;
}

/** Rows of the tables with four columns: behaviour, section, file, test. */
export function conformanceRows(page: string): ConformanceRow[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .flatMap(([behaviour = '', , file = '', test = '']) =>
      /\.test\.ts$/.test(file) ? [{ behaviour, file, test }] : [],
    );
}
