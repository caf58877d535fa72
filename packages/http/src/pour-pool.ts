import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Digest, digestFromHex, GapferryError, type PourFile } from '@gapferry/core';
import type { DialPlan, Failure, PourAnswer, PourCommand } from './pour-protocol.ts';

/** More than the machine has cores gain nothing; each holds a heap of its own. */
const MOST_WORKERS = 4;

/** The worker's file lies beside this one, as source under Node's type stripping or compiled. */
const WORKER: URL = new URL(
  `./pour-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

/** Threads that receive, hash and write: nothing of a large body passes through this one. */
export interface PourPool {
  /** Hashes what the file has. Rejects with the system's error when it cannot be read. */
  open(file: PourFile): Promise<PourSession>;
  /** Ends the threads. */
  close(): void;
}

/** One file that grows, and its hash. One thing at a time, but `leave` may be called at any time, and more than once. */
export interface PourSession {
  /** Bytes of the file. */
  readonly size: number;
  /** Connects and asks; the answer's head, undefined when the answer is not of the plain kind (then there is no trip). Rejects with the network's error. */
  ask(to: DialPlan, question: string): Promise<PourHead | undefined>;
  /** Appends the body of the answer without its first `skip` bytes. Rejects with the network's error, or with a `FileFailure`. */
  take(skip: number, told: (bytes: number) => void): Promise<void>;
  /** Ends the trip, if there is one; what waits for it is rejected. `size` is right when it returns. */
  leave(): Promise<void>;
  /** Ends the session. The file is not touched any more when it returns. Undefined when a write failed. */
  close(): Promise<Digest | undefined>;
}

export interface PourHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** The file could not be read or written: no fault of the other side. `cause` is the system's error. */
export class FileFailure extends Error {}

export function createPourPool(): PourPool {
  let threads: Thread[] = [];
  const pick = (): Thread => {
    threads = threads.filter((thread) => !thread.isOver());
    const idle = threads.find((thread) => thread.sessions() === 0);
    if (idle !== undefined) return idle;
    if (threads.length < Math.min(availableParallelism(), MOST_WORKERS)) {
      const thread = startThread();
      threads.push(thread);
      return thread;
    }
    return threads.reduce((one, other) => (other.sessions() < one.sessions() ? other : one));
  };
  return {
    open: (file) => pick().open(file),
    close() {
      for (const thread of threads.splice(0)) thread.end();
    },
  };
}

interface Thread {
  /** It failed: nothing it is asked would be answered. */
  isOver(): boolean;
  sessions(): number;
  open(file: PourFile): Promise<PourSession>;
  end(): void;
}

interface Line {
  readonly heard: (answer: PourAnswer) => void;
  readonly broken: (error: Error) => void;
}

let count = 0;

/** Nothing of this process's flags, environment or input reaches the worker. */
function startThread(): Thread {
  const worker = new Worker(WORKER, { execArgv: [], env: {}, stdin: false });
  const lines = new Map<number, Line>();
  let over = false;
  const fail = (cause: unknown): void => {
    over = true;
    const error = new GapferryError({ code: 'INTERNAL', message: 'a receiving worker failed', cause });
    for (const line of lines.values()) line.broken(error);
    lines.clear();
  };
  worker.on('message', (answer: PourAnswer) => lines.get(answer.session)?.heard(answer));
  worker.on('error', fail).on('exit', () => fail(undefined));
  worker.unref();
  return {
    isOver: () => over,
    sessions: () => lines.size,
    async open(file) {
      const id = count++;
      // A worker nobody waits for must not keep the process.
      if (lines.size === 0) worker.ref();
      const end = (): void => {
        lines.delete(id);
        if (lines.size === 0) worker.unref();
      };
      const { dialogue, line } = createDialogue(id, (command) => worker.postMessage(command));
      lines.set(id, line);
      return openSession(id, file, dialogue, end);
    },
    end: () => void worker.terminate(),
  };
}

interface Waiting {
  readonly resolve: (answer: PourAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** What one session says and hears. */
interface Dialogue {
  /** Says it and waits for what answers it. */
  ask(command: PourCommand): Promise<PourAnswer>;
  leave(): Promise<void>;
  onBytes: (bytes: number) => void;
}

/** After `leave` nothing counts but bytes until it is confirmed: the worker may have said something before it heard. */
function createDialogue(
  session: number,
  say: (command: PourCommand) => void,
): { readonly dialogue: Dialogue; readonly line: Line } {
  let waiting: Waiting | undefined;
  let dead: Error | undefined;
  const leaving: Array<() => void> = [];
  const settle = (): Waiting | undefined => {
    const now = waiting;
    waiting = undefined;
    return now;
  };
  const dialogue: Dialogue = {
    ask: (command) =>
      new Promise((resolve, reject) => {
        if (dead) return reject(dead);
        waiting = { resolve, reject };
        say(command);
      }),
    leave() {
      settle()?.reject(new Error('the trip was left'));
      if (dead) return Promise.resolve();
      say({ kind: 'leave', session });
      return new Promise((resolve) => void leaving.push(resolve));
    },
    onBytes: () => {},
  };
  const heard = (said: PourAnswer): void => {
    if (said.kind === 'bytes') dialogue.onBytes(said.bytes);
    else if (said.kind === 'left') leaving.shift()?.();
    else if (leaving.length > 0) return;
    else if (said.kind === 'failed') settle()?.reject(toError(said));
    else settle()?.resolve(said);
  };
  const broken = (error: Error): void => {
    dead = error;
    settle()?.reject(error);
    for (const left of leaving.splice(0)) left();
  };
  return { dialogue, line: { heard, broken } };
}

async function openSession(
  session: number,
  file: PourFile,
  dialogue: Dialogue,
  end: () => void,
): Promise<PourSession> {
  let size = file.from;
  let told: (bytes: number) => void = () => {};
  dialogue.onBytes = (bytes) => {
    size += bytes;
    told(bytes);
  };
  const close = async (): Promise<Digest | undefined> => {
    try {
      const said = await dialogue.ask({ kind: 'close', session });
      return said.kind === 'closed' && said.digest !== undefined ? digestFromHex(said.digest) : undefined;
    } finally {
      end();
    }
  };
  try {
    await dialogue.ask({ kind: 'open', session, fd: file.fd, from: file.from });
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return {
    get size() {
      return size;
    },
    async ask(to, question) {
      const said = await dialogue.ask({ kind: 'ask', session, to, question });
      return said.kind === 'head' ? said : undefined;
    },
    async take(skip, tell) {
      told = tell;
      await dialogue.ask({ kind: 'take', session, skip });
    },
    leave: () => dialogue.leave(),
    close,
  };
}

function toError({ of, error }: Extract<PourAnswer, { kind: 'failed' }>): Error {
  const cause = restored(error);
  return of === 'file' ? new FileFailure(error.message, { cause }) : cause;
}

function restored({ message, ...facts }: Failure): Error {
  return Object.assign(new Error(message), facts);
}
