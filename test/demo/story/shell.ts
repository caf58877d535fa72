import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DemoFailure, expect } from './failure.ts';
import type { Screen } from './screen.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The exit code that is right; 0 unless given. */
  readonly exit?: number;
  /** Which lines of the result are shown: the first so many, or those that fit. All unless given. */
  readonly show?: number | RegExp;
  /** Shows neither command nor result. */
  readonly quietly?: boolean;
}

/** Runs commands in the demo's directory and shows them. A command that is interrupted is awaited, so that nothing writes after the demo has cleaned up. */
export interface Shell {
  /** Runs `gapferry` as somebody would type it. */
  gapferry(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Runs another program. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts a gapferry command that stays, and resolves with its first line of output. */
  stay(args: readonly string[]): Promise<Staying>;
}

export interface Staying {
  readonly firstLine: string;
  /** Ends it like Ctrl-C. */
  stop(): Promise<void>;
}

export interface ShellInput {
  readonly directory: string;
  /** The file that is `gapferry` here. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

export function createShell(input: ShellInput): Shell {
  return {
    gapferry: (args, options = {}) =>
      shown(input, ['gapferry', ...args], [process.execPath, input.program, ...args], options),
    run: (program, args, options = {}) => shown(input, [program, ...args], [program, ...args], options),
    stay: (args) => stay(input, args),
  };
}

async function shown(
  input: ShellInput,
  typed: readonly string[],
  argv: readonly string[],
  { exit = 0, show, quietly = false }: RunOptions,
): Promise<Ran> {
  const line = typed.map(quoted).join(' ');
  if (!quietly) input.screen.command(line);
  const child = start(input, argv);
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    ended(child),
  ]);
  input.signal.throwIfAborted();
  expect(
    code === exit,
    `"${line}" ended with exit code ${code} instead of ${exit}:\n${stdout}${stderr}`.trimEnd(),
  );
  if (!quietly) input.screen.quote(chosen(exit === 0 ? stdout : stderr, show));
  return { stdout, stderr };
}

function start(
  { directory, env, signal }: ShellInput,
  [program = '', ...args]: readonly string[],
): ChildProcessByStdio<null, Readable, Readable> {
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd: directory, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  child.once('close', () => signal.removeEventListener('abort', stop));
  return child;
}

/** Resolves when the process is gone, with null when a signal ended it. */
async function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** As a shell would need it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./#-]+$/.test(word) ? word : `"${word}"`;
}

function chosen(text: string, show: number | RegExp | undefined): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (show instanceof RegExp) return lines.filter((line) => show.test(line));
  return lines.slice(0, show);
}

async function stay(input: ShellInput, args: readonly string[]): Promise<Staying> {
  input.screen.command(`gapferry ${args.map(quoted).join(' ')}`);
  const child = start(input, [process.execPath, input.program, ...args]);
  const [end, stderr] = [ended(child), textOf(child.stderr)];
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), end.then(() => undefined)]);
  input.signal.throwIfAborted();
  // Its last words come only when it ends, so they are waited for only then.
  if (first === undefined)
    throw new DemoFailure(`"gapferry ${args.join(' ')}" ended at once:\n${await stderr}`);
  return {
    firstLine: String(first[0]),
    stop: async () => {
      child.kill('SIGINT');
      const code = await end;
      expect(code === 0, `"gapferry ${args[0]}" ended with exit code ${code} after Ctrl-C:\n${await stderr}`);
    },
  };
}
