import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Bytes } from '@gapferry/core';

/** What to start. No shell is involved: `args` reach the program as they are. */
export interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: Bytes;
  readonly signal: AbortSignal;
  /** Ends the process when it says nothing, on stdout or stderr, for so long. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds in place of `idleTimeoutMs`, once what it said on stderr, of which these are the last 8 KiB, shows that it waits for somebody who works. Asked at the beginning too. */
  readonly patience?: (said: string) => number | undefined;
  /** File descriptor 3 is open for it, and what it writes there counts as saying something. */
  readonly listens?: boolean;
  /** Told while it says nothing: after ten seconds, or a sixth of `idleTimeoutMs`, and each time the silence has become twice as long. Milliseconds. */
  readonly onSilence?: (ms: number) => void;
}

export type ProcessEnd =
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'aborted' }
  /** It said nothing for so many milliseconds. */
  | { readonly kind: 'idle'; readonly ms: number }
  /** It ended well without reading its input to the end, so nobody knows whether the input was right. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'unstarted'; readonly cause: NodeJS.ErrnoException };

export interface StartedProcess {
  /** Must be read to its end, or left early, before `ended` settles. Leaving early stops the process. */
  readonly output: Bytes;
  /** Never rejects, except with the error of `input`, which stops the process too. */
  readonly ended: Promise<ProcessEnd>;
  /** The last 8 KiB of what it complained about, without progress lines. */
  complaint(): string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** The process leads a group of its own, so that the helpers git starts (ssh, remote-https) go with it. */
export function startProcess(command: ProcessCommand): StartedProcess {
  const child = spawn(command.program, command.args, {
    cwd: command.directory,
    env: command.environment,
    stdio: ['pipe', 'pipe', 'pipe', ...(command.listens ? ['pipe' as const] : [])],
    detached: true,
  }) as Child;
  const state: State = { end: undefined, inputError: undefined };
  const stop = stopper(child);
  const idle = idleWatch(command, (ms) => end(state, stop, { kind: 'idle', ms }));
  listen(child, idle);
  const onAbort = (): void => end(state, stop, { kind: 'aborted' });
  if (command.signal.aborted) onAbort();
  command.signal.addEventListener('abort', onAbort, { once: true });
  const complaint = collectComplaint(child.stderr, idle);
  const fed = feed(child.stdin, command.input).catch((error: unknown) => {
    state.inputError = { error };
    stop();
    return false;
  });
  const closed = closing(child, state).finally(() => {
    idle.cancel();
    command.signal.removeEventListener('abort', onAbort);
  });
  const ended = settle(closed, fed, state);
  // Who leaves the output early need not ask how it ended.
  ended.catch(() => {});
  return { output: readOutput(child, stop, idle), ended, complaint };
}

interface State {
  end: ProcessEnd | undefined;
  inputError: { readonly error: unknown } | undefined;
}

function end(state: State, stop: () => void, why: ProcessEnd): void {
  state.end ??= why;
  stop();
}

async function settle(closed: Promise<ProcessEnd>, fed: Promise<boolean>, state: State): Promise<ProcessEnd> {
  const how = await closed;
  const well = how.kind === 'exit' && how.status === 0;
  const whole = well ? await fed : true;
  if (state.inputError !== undefined && state.end === undefined) throw state.inputError.error;
  return whole ? how : { kind: 'unread' };
}

function closing(child: Child, state: State): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', (cause) => resolve(state.end ?? { kind: 'unstarted', cause }));
    child.once('close', (status, name) =>
      resolve(
        state.end ?? (name === null ? { kind: 'exit', status: status ?? 0 } : { kind: 'signal', name }),
      ),
    );
  });
}

/** Asks the whole group to end, and half a second later makes it. */
function stopper(child: Child): () => void {
  let asked = false;
  return () => {
    if (asked || child.pid === undefined) return;
    asked = true;
    signalGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 500);
    child.once('close', () => clearTimeout(timer));
  };
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // The group has ended already.
  }
}

interface IdleWatch {
  /** `said`: the end of stderr, where it was that. */
  heard(said?: string): void;
  cancel(): void;
}

/** Nobody who waits wants to know sooner what for. */
const TELL_MS = 10_000;

function idleWatch(
  {
    idleTimeoutMs,
    patience = () => undefined,
    onSilence = () => {},
  }: Pick<ProcessCommand, 'idleTimeoutMs' | 'patience' | 'onSilence'>,
  onIdle: (ms: number) => void,
): IdleWatch {
  if (idleTimeoutMs === undefined) return { heard: () => {}, cancel: () => {} };
  const first = Math.min(TELL_MS, idleTimeoutMs / 6);
  let working = patience('');
  let [silent, until] = [0, first];
  let timer = setTimeout(look, first);
  function look(): void {
    const limit = working ?? idleTimeoutMs ?? 0;
    silent = until;
    if (silent >= limit) {
      onIdle(limit);
      return;
    }
    onSilence(Math.round(silent));
    until = Math.min(limit, 2 * silent);
    timer = setTimeout(look, until - silent);
  }
  return {
    heard(said) {
      if (working === undefined && said !== undefined) working = patience(said);
      if (silent === 0) return void timer.refresh();
      clearTimeout(timer);
      [silent, until] = [0, first];
      timer = setTimeout(look, first);
    },
    cancel: () => clearTimeout(timer),
  };
}

/** Nothing of it is kept. */
function listen(child: Child, idle: IdleWatch): void {
  const heard = child.stdio[3];
  if (heard === undefined || heard === null || !('resume' in heard)) return;
  heard.on('data', () => idle.heard());
  heard.on('error', () => {});
}

async function* readOutput(child: Child, stop: () => void, idle: IdleWatch): Bytes {
  try {
    for await (const chunk of child.stdout) {
      idle.heard();
      yield chunk as Uint8Array;
    }
  } finally {
    // A no-op after a normal end: the group is gone then.
    if (child.exitCode === null && child.signalCode === null && !child.stdout.readableEnded) stop();
  }
}

/** Waits for each chunk to be taken over: its producer may reuse it. Answers whether all of the input was. A process that knows the end of its input by itself,
 *  as git does with packs, may be gone before the input has said that it is over. */
async function feed(stdin: Writable, input: Bytes | undefined): Promise<boolean> {
  stdin.on('error', () => {});
  for await (const chunk of input ?? []) if (!(await takenOver(stdin, chunk))) return false;
  stdin.end();
  return true;
}

function takenOver(stdin: Writable, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => void stdin.write(chunk, (error) => resolve(!error)));
}

const COMPLAINT_BYTES = 8192;

function collectComplaint(stderr: Readable, idle: IdleWatch): () => string {
  let tail = '';
  stderr.setEncoding('utf8');
  stderr.on('data', (text: string) => {
    tail = (tail + text).slice(-COMPLAINT_BYTES);
    idle.heard(tail);
  });
  stderr.on('error', () => {});
  return () =>
    tail
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== '' && !/^(?:remote: )?[A-Za-z ]+: +\d+(?:%|, done|$)/.test(line))
      .join('\n');
}
