import { type LedgerEntry, printable } from '@gapferry/core';

/** Characters of what an entry says that are shown: the items of a large import are megabytes. */
const SHOWN = 400;

/** One entry of a ledger as one line, for people: number, time, kind, and the beginning of what it says. */
export function formatLedgerEntry({ index, at, kind, data }: LedgerEntry): string {
  const said = JSON.stringify(data);
  const rest = said.length - SHOWN;
  const shown =
    rest <= 0 ? said : `${said.slice(0, SHOWN).toWellFormed()}… ${rest} characters more, with --json`;
  return printable(`${String(index).padStart(5)}  ${at}  ${kind.padEnd(16)}  ${shown}`);
}
