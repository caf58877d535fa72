import { fileURLToPath } from 'node:url';
import { type ProcessOptions, type ProcessResult, runProcess } from '@gapferry/testkit';

/** The command line, bundled from its sources when the tests began (`scripts/test-program.mjs`): the stories start it hundreds of times. */
export const PROGRAM: string = process.env['GAPFERRY_TEST_PROGRAM'] ?? '';

/** Compiled once, not by each process. */
export const COMPILE_CACHE: string = fileURLToPath(
  new URL('../../node_modules/.cache/gapferry-test', import.meta.url),
);

/** One machine of a story: a directory to stand in, a home, and what its environment says. */
export interface Machine {
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that starts gapferry in a world of its own: `unshare` and its arguments. */
  readonly through?: readonly string[];
}

export interface GapferryCommand {
  readonly program: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the command line as its own process, with nothing of the caller's environment but PATH. */
export function gapferry(
  machine: Machine,
  args: readonly string[],
  options: Omit<ProcessOptions, 'env' | 'cwd'> = {},
): Promise<ProcessResult> {
  const { program, argv, cwd, env } = gapferryCommand(machine, args);
  return runProcess(program, argv, { ...options, cwd, env });
}

/** What has to be started for it, for those who start it themselves. */
export function gapferryCommand(machine: Machine, args: readonly string[]): GapferryCommand {
  const [program = '', ...argv] = [...(machine.through ?? []), process.execPath, PROGRAM, ...args];
  return {
    program,
    argv,
    cwd: machine.directory,
    env: {
      PATH: process.env['PATH'],
      HOME: machine.directory,
      TMPDIR: process.env['TMPDIR'],
      NO_COLOR: '1',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      ...machine.environment,
    },
  };
}

/** What a command prints with `--json`, as far as the stories look at it. */
export interface Reported {
  readonly ok: boolean;
  readonly kind?: string;
  readonly manifest?: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly [name: string]: unknown;
}

/** Runs it and returns what `--json` printed; throws unless the exit code is the expected one. */
export async function gapferryJson(
  machine: Machine,
  args: readonly string[],
  exitCode = 0,
): Promise<Reported> {
  const result = await gapferry(machine, [...args, '--json']);
  if (result.code !== exitCode)
    throw new Error(
      `gapferry ${args.join(' ')} ended with ${result.code}, not ${exitCode}:\n${result.stdout}${result.stderr}`,
    );
  return JSON.parse(result.stdout) as Reported;
}
