import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that stays until it is stopped: a server. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** What matched `ready`. */
  readonly ready: RegExpExecArray;
  /** Everything it has said so far, on both streams. */
  output(): string;
  /** Ends it and waits for its end; killed when it does not listen. May be called more than once. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** What it says when it can be used. */
  readonly ready: RegExp;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

/** Starts it and resolves when it has said that it is ready; rejects with all it said when it ends before, or takes longer than 30 s. */
export async function startProgram(
  program: string,
  args: readonly string[],
  { ready, env, cwd }: StartOptions,
): Promise<RunningProgram> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env },
    ...(cwd !== undefined && { cwd }),
  });
  const forget = killWithUs(child);
  const said: Buffer[] = [];
  const output = (): string => Buffer.concat(said).toString('utf8');
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const stop = (): Promise<void> => end(child).finally(forget);
  try {
    const found = await saysReady(child, ready, output);
    return { pid: child.pid ?? 0, ready: found, output, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`${program} ${args.join(' ')}: ${String(error)}\n${output()}`);
  }
}

/** Also when the tests are ended from outside, nothing stays behind. */
function killWithUs(child: ChildProcess): () => void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return () => void process.off('exit', kill);
}

function saysReady(child: ChildProcess, ready: RegExp, output: () => string): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it did not get ready in time')), READY_WITHIN_MS);
    const look = (): void => {
      const match = ready.exec(output());
      if (match === null) return;
      clearTimeout(timer);
      resolve(match);
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`it ended (${signal ?? code}) before it was ready`));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
}
