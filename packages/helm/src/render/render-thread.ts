import { Worker } from 'node:worker_threads';
import type { RenderReply, RenderSettings } from './render-protocol.ts';

/** Helm stops templates that name each other at a depth of a thousand, which the usual stack of 4 MiB would not hold. */
const STACK_MIB = 64;

/** The worker's file lies beside this one, as source under Node's type stripping or compiled. */
const WORKER: URL = new URL(
  `./render-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

/** Why there is no reply; the thread has ended then: the time was up, the caller stopped, or the thread failed. */
export type NoReply =
  | { readonly kind: 'late' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'broken'; readonly cause: unknown };

/** A thread with an engine in it. */
export interface RenderThread {
  isOver(): boolean;
  /** One question at a time. */
  ask(
    question: Uint8Array<ArrayBuffer>,
    until: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<RenderReply | NoReply>;
  end(): Promise<void>;
}

/** Nothing of this process's flags, environment or input reaches the thread, and it keeps no process alive while nobody asks. */
export function startRenderThread(settings: RenderSettings): RenderThread {
  const worker = new Worker(WORKER, {
    execArgv: [],
    env: {},
    stdin: false,
    workerData: settings,
    resourceLimits: { stackSizeMb: STACK_MIB },
  });
  let over = false;
  let heard: (said: RenderReply | NoReply) => void = () => {};
  const broken = (cause: unknown): void => {
    over = true;
    heard({ kind: 'broken', cause });
  };
  worker.on('message', (reply: RenderReply) => heard(reply));
  worker.on('error', broken).on('exit', (code) => broken(new Error(`the thread ended with ${code}`)));
  worker.unref();
  const end = async (): Promise<void> => {
    over = true;
    await worker.terminate();
  };
  return {
    isOver: () => over,
    end,
    async ask(question, { timeoutMs, signal }) {
      const said = Promise.withResolvers<RenderReply | NoReply>();
      heard = said.resolve;
      const late = setTimeout(() => heard({ kind: 'late' }), timeoutMs);
      const stop = (): void => heard({ kind: 'stopped' });
      signal.addEventListener('abort', stop);
      worker.ref();
      worker.postMessage(question, [question.buffer]);
      try {
        const reply = await said.promise;
        if (reply.kind === 'late' || reply.kind === 'stopped') await end();
        return reply;
      } finally {
        clearTimeout(late);
        signal.removeEventListener('abort', stop);
        worker.unref();
      }
    },
  };
}
