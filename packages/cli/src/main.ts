import { GapferryError, nearestName } from '@gapferry/core';
import { Errors, flush, type Interfaces, run as runOclif } from '@oclif/core';
import { exitCodeOf } from './exit-codes.ts';
import { processOutput } from './terminal/output.ts';
import { errorJson, errorText, toGapferryError } from './terminal/render-error.ts';

/** Runs one command line; the only place that prints errors and chooses exit codes. */
export async function main(argv: readonly string[], loadOptions: Interfaces.LoadOptions): Promise<void> {
  const output = processOutput(process.env);
  const ownArgs = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  try {
    await runOclif([...argv], loadOptions);
  } catch (thrown) {
    if (thrown instanceof Errors.ExitError) {
      process.exitCode = thrown.oclif.exit ?? 0;
      return;
    }
    const error = toGapferryError(withSuggestion(thrown, argv));
    process.exitCode = exitCodeOf(error);
    if (ownArgs.includes('--json'))
      output.out(JSON.stringify(errorJson(commandOf(ownArgs), error), undefined, 2));
    else output.err(errorText(error, ownArgs.includes('--debug')));
  }
  await flush();
}

interface OclifError extends Error {
  readonly flags?: unknown;
  readonly parse?: { readonly input?: { readonly flags?: Record<string, unknown> } };
}

/** oclif knows what was wrong, not what was meant. */
function withSuggestion(thrown: unknown, argv: readonly string[]): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const unknownCommand = /^command (.+) not found$/.exec(thrown.message)?.[1];
  if (unknownCommand !== undefined) return unknownCommandError(unknownCommand.replaceAll(':', ' '), argv);
  const { flags, parse } = thrown as OclifError;
  if (!/^Nonexistent flag/.test(thrown.message) || !Array.isArray(flags)) return thrown;
  const known = Object.keys(parse?.input?.flags ?? {}).map((name) => `--${name}`);
  const described = flags.map((flag: unknown) => `${flag}${meant(String(flag).replace(/=.*/s, ''), known)}`);
  return new GapferryError({
    code: 'USAGE',
    message: `unknown flag ${described.join(', ')}`,
    hint: 'see --help',
  });
}

function unknownCommandError(name: string, argv: readonly string[]): GapferryError {
  const known = [...COMMANDS];
  return new GapferryError({
    code: 'USAGE',
    message: `unknown command "${name}"${meant(name, known) || meant(argv[0] ?? '', known)}`,
    hint: 'gapferry --help lists the commands',
  });
}

function meant(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** Every command in the order of the flow; a test compares it with the files in `commands/`. */
export const COMMANDS: readonly string[] = [
  'init',
  'keys generate',
  'keys list',
  'keys show',
  'resolve',
  'collect',
  'export',
  'trust show',
  'trust pin',
  'verify',
  'plan',
  'import',
  'diff',
  'serve',
  'ledger show',
  'ledger verify',
  'depot ls',
  'doctor',
];

/** The command's words as far as they are known, for `--json` errors that happen before a command runs. */
function commandOf(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith('-')).slice(0, 2);
  return COMMANDS.includes(words.join(' ')) ? words.join(' ') : (words[0] ?? '');
}
