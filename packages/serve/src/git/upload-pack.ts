import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { type Bytes, GapferryError, type Run } from '@gapferry/core';

/** How the system's git is found. */
export interface GitProgram {
  /** Absolute path, or a name that is looked up in `path`; `git` unless given. */
  readonly program?: string;
  /** Directories to look in, as in PATH; the system's unless given. */
  readonly path?: string;
}

export interface UploadPack extends GitProgram {
  /** Bare repository. */
  readonly directory: string;
  /** `refs`: tell what is there; `pack`: answer one request. */
  readonly what: 'refs' | 'pack';
  /** Value of the Git-Protocol header, judged already. */
  readonly protocol?: string;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Runs `git upload-pack --stateless-rpc` (gitprotocol-http) for one request and gives its output. Ends with `GIT_FAILED` when it fails, and with the error of `input`.
 *  No hook, helper or configuration of the user takes part; whoever stops reading stops the process. */
export async function* uploadPack(command: UploadPack, input: Bytes | undefined, run: Run): Bytes {
  const child = start(command);
  const state: { trouble?: unknown } = {};
  const stop = (): void => void child.kill();
  run.signal.addEventListener('abort', stop, { once: true });
  const complaint = lastWords(child);
  const ended = once(child, 'close').catch((error: unknown) => {
    state.trouble ??= error;
  });
  const fed = feed(child, input).catch((error: unknown) => {
    state.trouble ??= error;
    stop();
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await Promise.all([ended, fed]);
    if (state.trouble !== undefined || child.exitCode !== 0) throw failure(state.trouble, complaint());
  } finally {
    run.signal.removeEventListener('abort', stop);
    if (child.exitCode === null && child.signalCode === null) stop();
  }
}

function start({ program = 'git', path, directory, what, protocol }: UploadPack): Child {
  const args = [
    'upload-pack',
    '--stateless-rpc',
    '--strict',
    ...(what === 'refs' ? ['--advertise-refs'] : []),
    directory,
  ];
  return spawn(program, args, {
    cwd: '/',
    env: environment(path, directory, protocol),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Settings go in as variables and not as arguments, so that they count as the caller's own (git-config, protected configuration). The directory is safe by decision of whoever runs
 *  the server, also when an import by another user wrote it. */
function environment(
  path: string | undefined,
  directory: string,
  protocol: string | undefined,
): Record<string, string> {
  const settings = [
    ['safe.directory', directory],
    ['core.hooksPath', '/dev/null'],
    ['uploadpack.allowFilter', 'true'],
    ['core.fsmonitor', 'false'],
  ];
  const numbered = settings.flatMap(([key = '', value = ''], i) => [
    [`GIT_CONFIG_KEY_${i}`, key],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]);
  return {
    PATH: path ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(numbered),
    ...(protocol !== undefined && { GIT_PROTOCOL: protocol }),
  };
}

/** Each chunk is waited for: its producer may reuse it. A process that stops reading says why by its exit. */
async function feed(child: Child, input: Bytes | undefined): Promise<void> {
  child.stdin.on('error', () => {});
  for await (const chunk of input ?? []) {
    if (child.stdin.destroyed) return;
    await new Promise<void>((resolve) => child.stdin.write(chunk, () => resolve()));
  }
  child.stdin.end();
}

function lastWords(child: Child): () => string {
  let tail = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    tail = (tail + text).slice(-2048);
  });
  return () => tail.trim();
}

function failure(trouble: unknown, complaint: string): unknown {
  if (trouble instanceof GapferryError) return trouble;
  const why = trouble instanceof Error ? trouble.message : complaint;
  return new GapferryError({
    code: 'GIT_FAILED',
    message: `git upload-pack failed: ${why}`,
    origin: 'target',
    cause: trouble,
  });
}
