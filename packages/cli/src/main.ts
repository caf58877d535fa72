import { readFileSync } from 'node:fs';
import { GapferryError, nearestName } from '@gapferry/core';
import type { Interfaces } from '@oclif/core';
import { COMMAND_NAMES } from './command-table.ts';
import { reasonOf } from './environment.ts';
import { exitCodeOf } from './exit-codes.ts';
import { rootHelp } from './root-help.ts';
import { bearClosedStreams, type Output, processOutput } from './terminal/output.ts';
import { errorJson, errorText, toGapferryError } from './terminal/render-error.ts';

/** Runs one command line; the only place that prints errors and chooses exit codes. Help and version of the whole load nothing that they do not need. */
export async function main(argv: readonly string[], loadOptions: Interfaces.Options): Promise<void> {
  const output = processOutput(process.env);
  bearClosedStreams(resultLost(output));
  const [first] = argv;
  if (first === '--version')
    output.out(`gapferry ${version()} (Node.js ${process.version}, ${process.platform} ${process.arch})`);
  else if (argv.every((word) => FOR_ALL.has(word)) && (!argv.includes('--json') || asksForHelp(argv)))
    output.out(rootHelp());
  else if (first === 'help') await runCommand([...argv.slice(1), '--help'], loadOptions, output);
  else await runCommand(argv, loadOptions, output);
}

const FOR_HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);
const FOR_ALL: ReadonlySet<string> = new Set([...FOR_HELP, '--json', '--no-progress', '--debug']);

/** Help is for people, with --json too. */
function asksForHelp(argv: readonly string[]): boolean {
  return argv.some((word) => FOR_HELP.has(word));
}

async function runCommand(
  argv: readonly string[],
  loadOptions: Interfaces.Options,
  output: Output,
): Promise<void> {
  const { Errors, run } = await import('@oclif/core');
  bearClosedStreams(resultLost(output));
  const ownArgs = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  try {
    if (ownArgs.includes('--json') && !asksForHelp(ownArgs)) requireCommand(ownArgs);
    // Nothing but our own commands: oclif would look for plugins in the home and in the checkout.
    await run([...argv], {
      ...loadOptions,
      userPlugins: false,
      devPlugins: false,
      jitPlugins: false,
    });
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
}

function resultLost(output: Output): (reason: unknown) => void {
  return (reason) => {
    const error = new GapferryError({
      code: 'STORAGE_FAILED',
      message: `the result could not be written: ${reasonOf(reason)}`,
      hint: 'the command itself came to its end; the disk that its output goes to is full or broken',
    });
    process.exitCode = exitCodeOf(error);
    output.err(errorText(error, false));
  };
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** A program that asks for JSON gets no list of commands instead. */
function requireCommand(argv: readonly string[]): void {
  const words = argv.filter((word) => !word.startsWith('-')).join(' ');
  const below = COMMAND_NAMES.filter((name) => name.startsWith(words === '' ? '' : `${words} `));
  if (COMMAND_NAMES.includes(words) || below.length === 0) return;
  throw new GapferryError({
    code: 'USAGE',
    message: words === '' ? 'no command was named' : `"${words}" alone is no command`,
    hint: `say one of: ${below.join(', ')}`,
  });
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

/** oclif takes arguments for words of the command. */
function unknownCommandError(name: string, argv: readonly string[]): GapferryError {
  const first = argv[0] ?? '';
  const whole = meant(name, COMMAND_NAMES);
  const described = whole === '' ? `"${first}"${meant(first, COMMAND_NAMES)}` : `"${name}"${whole}`;
  return new GapferryError({
    code: 'USAGE',
    message: `unknown command ${described}`,
    hint: 'gapferry --help lists the commands',
  });
}

function meant(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** The command's words as far as they are known, for `--json` errors that happen before a command runs. */
function commandOf(argv: readonly string[]): string {
  const words = argv.filter((word) => !word.startsWith('-')).slice(0, 2);
  return COMMAND_NAMES.includes(words.join(' ')) ? words.join(' ') : (words[0] ?? '');
}
