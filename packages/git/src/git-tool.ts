import { type Bytes, checkRun, GapferryError, type Run } from '@gapferry/core';
import { type GitSurroundings, gitEnvironment } from './git-environment.ts';
import { gitFailure, toolMissing } from './git-failure.ts';
import { type StartedProcess, startProcess } from './git-process.ts';

export interface GitOptions {
  /** Absolute path, or a name that is looked up in `environment.PATH`. */
  readonly program?: string;
  /** The process environment of the caller. Only PATH, SSH_AUTH_SOCK, TMPDIR and proxies are passed on; PATH is the system's when it is left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A Git configuration file to read instead of none. */
  readonly globalConfig?: string;
}

export interface GitCommand extends GitSurroundings {
  /** What it is for, for errors: `list the refs of https://…`. */
  readonly doing: string;
  readonly args: readonly string[];
  readonly input?: Bytes | string;
  /** Only for commands that talk to another host: ends them when they say nothing for so long. */
  readonly idleTimeoutMs?: number;
  /** See `ProcessCommand`. */
  readonly patience?: (said: string) => number | undefined;
  /** See `ProcessCommand`; for `GIT_TRACE_PACKET=3`. */
  readonly listens?: boolean;
  /** The host it talks to, for `silence` events. */
  readonly host?: string;
  /** Exit statuses that are answers and no failures, besides 0. */
  readonly accept?: readonly number[];
}

export interface GitAnswer {
  readonly status: number;
  /** UTF-8; what is not becomes U+FFFD. */
  readonly text: string;
  /** The end of what it said on stderr, without progress. */
  readonly complaint: string;
}

/** The system's git, run with care: no shell, no prompt, no configuration but ours, stopped within a second when the run is. */
export interface Git {
  /** Runs to the end. Throws `LIMIT_EXCEEDED` when stdout has more than `maxBytes` (1 MiB), and whatever `gitFailure` makes of a failure. */
  run(command: GitCommand, run: Run, maxBytes?: number): Promise<GitAnswer>;
  /** stdout as it comes. The failure of the process is thrown at the end: only who saw the end saw everything. */
  stream(command: GitCommand, run: Run): Bytes;
}

const OLDEST: readonly [number, number] = [2, 39];
const MEBIBYTE = 1_048_576;

/** The first use asks for the version: `TOOL_MISSING` when there is no git or it is older than 2.39. */
export function createGit(options: GitOptions = {}): Git {
  let checked: Promise<void> | undefined;
  let isKnown = false;
  const ready = (run: Run): Promise<void> => {
    checked ??= checkVersion(options, run).then(
      () => {
        isKnown = true;
      },
      (error: unknown) => {
        checked = undefined;
        throw error;
      },
    );
    return checked;
  };
  return {
    run: (command, run, maxBytes = MEBIBYTE) => {
      const act = (inner: Run): Promise<GitAnswer> => runToEnd(options, command, inner, maxBytes);
      return isKnown ? act(run) : besides(ready(run), run, act);
    },
    stream: async function* (command, run) {
      await ready(run);
      const started = start(options, command, run);
      yield* started.output;
      await requireSuccess(started, command);
    },
  };
}

/** The first command does not wait for git's version; it is stopped when that will not do. */
async function besides<T>(checking: Promise<void>, run: Run, act: (run: Run) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const acting = act({
    emit: (event) => run.emit(event),
    signal: AbortSignal.any([run.signal, stop.signal]),
  });
  acting.catch(() => {});
  try {
    await checking;
  } catch (error) {
    stop.abort();
    await acting.catch(() => {});
    throw error;
  }
  return await acting;
}

async function checkVersion(options: GitOptions, run: Run): Promise<void> {
  const { text } = await runToEnd(
    options,
    { doing: 'ask git for its version', args: ['--version'] },
    run,
    MEBIBYTE,
  );
  const [, major = '0', minor = '0'] = /^git version (\d+)\.(\d+)/.exec(text) ?? [];
  const old = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  if (old) throw toolMissing(`"${text.trim().slice(0, 80)}" is not git ${OLDEST.join('.')} or newer`);
}

async function runToEnd(
  options: GitOptions,
  command: GitCommand,
  run: Run,
  maxBytes: number,
): Promise<GitAnswer> {
  const started = start(options, command, run);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of started.output) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `could not ${command.doing}: the answer has more than ${maxBytes} bytes`,
      });
    chunks.push(chunk);
  }
  const status = await requireSuccess(started, command);
  return { status, text: Buffer.concat(chunks).toString('utf8'), complaint: started.complaint() };
}

function start(options: GitOptions, command: GitCommand, run: Run): StartedProcess {
  checkRun(run);
  return startProcess({
    program: options.program ?? 'git',
    args: command.args,
    directory: command.repository ?? '/',
    environment: gitEnvironment(options.environment ?? {}, options.globalConfig ?? '/dev/null', command),
    signal: run.signal,
    ...(command.input !== undefined && {
      input: typeof command.input === 'string' ? onceText(command.input) : command.input,
    }),
    ...(command.idleTimeoutMs !== undefined && { idleTimeoutMs: command.idleTimeoutMs }),
    ...(command.patience !== undefined && { patience: command.patience }),
    ...(command.listens !== undefined && { listens: command.listens }),
    onSilence: (ms) => run.emit({ kind: 'silence', item: command.doing, place: command.host || 'git', ms }),
  });
}

async function* onceText(text: string): Bytes {
  yield Buffer.from(text);
}

async function requireSuccess(started: StartedProcess, command: GitCommand): Promise<number> {
  const end = await started.ended;
  if (end.kind === 'exit' && (end.status === 0 || command.accept?.includes(end.status))) return end.status;
  throw gitFailure(command.doing, end, started.complaint(), command.protocol !== undefined);
}
