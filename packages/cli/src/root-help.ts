import { COMMAND_NAMES, COMMANDS, type Side } from './command-table.ts';

const SIDES: ReadonlyArray<readonly [Side, string]> = [
  ['outside', 'OUTSIDE, with internet'],
  ['inside', 'INSIDE, isolated'],
  ['either', 'ON EITHER SIDE'],
];

/** What `gapferry --help` prints: every command in the order in which a release travels. */
export function rootHelp(): string {
  const width = Math.max(...COMMAND_NAMES.map((name) => name.length)) + 2;
  const sections = SIDES.map(([side, title]) => {
    const lines = Object.entries(COMMANDS)
      .filter(([, command]) => command.side === side)
      .map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
    return [title, ...lines].join('\n');
  });
  return [
    'Brings images, charts, Git repositories and files over an air gap: collect, seal, carry, verify, import, prove.',
    'USAGE\n  $ gapferry COMMAND [--json] [--no-progress] [--events FILE] [--debug]',
    ...sections,
    'Each command has --help with an example. A release is named DIR, DIR#CHANNEL or DIR#CHANNEL/NUMBER.',
  ].join('\n\n');
}
