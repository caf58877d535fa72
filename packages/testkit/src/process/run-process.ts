import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProcessOptions {
  /** Replaces the whole environment; the default is the caller's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to standard input, which is closed afterwards. */
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Asked after every piece of output with all output so far; once true, the process gets `killWith`. */
  readonly killAfter?: (output: ProcessOutput) => boolean;
  /** Default SIGKILL. */
  readonly killWith?: NodeJS.Signals;
}

export interface ProcessOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessResult extends ProcessOutput {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a program to its end, whatever its exit code. Rejects only when it cannot be started. Output is kept in memory, as UTF-8. */
export async function runProcess(
  command: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): Promise<ProcessResult> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env && { env: { ...options.env } }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.signal && { signal: options.signal }),
  });
  const output = collectOutput(child, options);
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...output() };
}

/** Like `runProcess`, but anything else than exit code 0 is an error that shows the output. Returns standard output. */
export async function mustRun(
  command: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): Promise<string> {
  const result = await runProcess(command, args, options);
  if (result.code === 0) return result.stdout;
  const end = result.signal ?? `exit code ${result.code}`;
  throw new Error(`${command} ${args.join(' ')} ended with ${end}:\n${result.stdout}${result.stderr}`);
}

function collectOutput(child: ChildProcess, options: ProcessOptions): () => ProcessOutput {
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const output = (): ProcessOutput => ({
    stdout: Buffer.concat(parts.stdout).toString('utf8'),
    stderr: Buffer.concat(parts.stderr).toString('utf8'),
  });
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => {
      parts[name].push(chunk);
      if (options.killAfter?.(output()) === true) child.kill(options.killWith ?? 'SIGKILL');
    });
  return output;
}
