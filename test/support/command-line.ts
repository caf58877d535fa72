import { fileURLToPath } from 'node:url';
import { type ProcessOptions, type ProcessResult, runProcess } from '@gapferry/testkit';

const DEV = fileURLToPath(new URL('../../packages/cli/bin/dev.ts', import.meta.url));

/** One machine of a story: a directory to stand in, a home, and what its environment says. */
export interface Machine {
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the command line from its sources, as its own process, with nothing of the caller's environment but PATH. */
export function gapferry(
  machine: Machine,
  args: readonly string[],
  options: Omit<ProcessOptions, 'env' | 'cwd'> = {},
): Promise<ProcessResult> {
  return runProcess(process.execPath, ['--conditions=gapferry-source', DEV, ...args], {
    ...options,
    cwd: machine.directory,
    env: {
      PATH: process.env['PATH'],
      HOME: machine.directory,
      TMPDIR: process.env['TMPDIR'],
      NO_COLOR: '1',
      ...machine.environment,
    },
  });
}

/** Runs it and returns what `--json` printed; throws unless the exit code is the expected one. */
export async function gapferryJson(
  machine: Machine,
  args: readonly string[],
  exitCode = 0,
): Promise<Record<string, unknown>> {
  const result = await gapferry(machine, [...args, '--json']);
  if (result.code !== exitCode)
    throw new Error(
      `gapferry ${args.join(' ')} ended with ${result.code}, not ${exitCode}:\n${result.stdout}${result.stderr}`,
    );
  return JSON.parse(result.stdout) as Record<string, unknown>;
}
